using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Engine;
using SelfAdapt.ShallowToDeep.Forest;

namespace SelfAdapt.ShallowToDeep.Enhancer;

/// <summary>Draws what an enhancer learns from: a crop of a random forest's map of a source image, and the truth there.</summary>
internal sealed class EnhancerSampler(
    IReadOnlyList<SourceImage> images, ForestPool forests, EnhancerOptions options, int threads)
{
    /// <summary>Makes a batch; the samples depend on the stream alone, not on threads.</summary>
    /// <param name="maps">[batch, crop, crop].</param>
    /// <param name="truth">The same; 1 for objects.</param>
    /// <param name="augment">Whether maps are turned and get noise.</param>
    public void Fill(RandomStream random, float[] maps, float[] truth, bool augment)
    {
        RandomStream[] streams = [.. Enumerable.Range(0, options.BatchSize).Select(_ => new RandomStream(random.NextUInt64()))];
        Parallel.For(0, streams.Length, Segmentation.Parallelism.Of(threads), i => Draw(streams[i], maps, truth, i, augment));
    }

    private void Draw(RandomStream random, float[] maps, float[] truth, int index, bool augment)
    {
        int side = options.Crop;
        (RandomForest forest, SourceImage own) = forests[random.NextIndex(forests.Count)];
        SourceImage other = images[random.NextIndex(images.Count)];
        SourceImage source = random.NextBool(options.OwnImage) ? own : other;

        // Crops that reach beyond a small image are mirrored there.
        int height = Math.Min(side, source.Image.Height);
        int width = Math.Min(side, source.Image.Width);
        int top = random.NextIndex(source.Image.Height - height + 1);
        int left = random.NextIndex(source.Image.Width - width + 1);
        float[] map = forest.Predict(source.Image.Crop(top, left, height, width), 1);
        int turn = augment ? random.NextIndex(8) : 0;
        double noise = augment ? options.Noise * random.NextUniform() : 0;
        ulong key = random.NextUInt64();
        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                (int ty, int tx) = SquareTurns.Source(y, x, side, turn);
                int sy = Files.Images.Mirror.Index(ty, height);
                int sx = Files.Images.Mirror.Index(tx, width);
                int to = (((index * side) + y) * side) + x;
                float value = map[(sy * width) + sx];
                maps[to] = noise > 0
                    ? value + (float)(noise * CounterRandom.Normal(key, (ulong)((y * side) + x)))
                    : value;
                truth[to] = source.Object[((top + sy) * source.Image.Width) + left + sx] ? 1 : 0;
            }
        }
    }
}
