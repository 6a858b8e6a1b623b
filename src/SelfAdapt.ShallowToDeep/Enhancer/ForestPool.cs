using SelfAdapt.Engine;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.Forest;

namespace SelfAdapt.ShallowToDeep.Enhancer;

/// <summary>
/// Forests as users' strokes would make them, good and bad ones: each learns from one random patch of the source, and every
/// second, third, ... of them once, twice, ... more with what a user would paint next: the tiles where it erred most. They are
/// grown when they are first asked for; number and seed alone decide what comes out.
/// </summary>
internal sealed class ForestPool
{
    private const int Attempts = 100;

    private readonly IReadOnlyList<SourceImage> _images;
    private readonly EnhancerOptions _options;
    private readonly FeatureSet _features;
    private readonly Lazy<(RandomForest Forest, SourceImage Own)>[] _forests;

    public ForestPool(IReadOnlyList<SourceImage> images, FeatureSet features, EnhancerOptions options, string name, int count)
    {
        (_images, _features, _options) = (images, features, options);
        RandomStream random = new RandomStream((ulong)options.Seed).Substream($"forests {name}");
        _forests = [.. Enumerable.Range(0, count).Select(i =>
            new Lazy<(RandomForest, SourceImage)>(() => Grow(random.Substream($"forest {i}"), i % options.Stages)))];
    }

    public int Count => _forests.Length;

    /// <summary>A forest, and the image that its patch is of.</summary>
    public (RandomForest Forest, SourceImage Own) this[int index] => _forests[index].Value;

    /// <param name="more">How often it learns once more.</param>
    private (RandomForest, SourceImage) Grow(RandomStream random, int more)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            SourceImage source = _images[random.NextIndex(_images.Count)];
            int height = Side(random, source.Image.Height);
            int width = Side(random, source.Image.Width);
            int top = random.NextIndex(source.Image.Height - height + 1);
            int left = random.NextIndex(source.Image.Width - width + 1);
            // A patch is all that this forest's user has.
            FeatureImage patch = source.Image.Crop(top, left, height, width);
            bool[] objects = [.. Enumerable.Range(0, height * width).Select(
                i => source.Object[((top + (i / width)) * source.Image.Width) + left + (i % width)])];
            int each = PixelsOfAClass(objects, random);
            if (each == 0)
            {
                continue;
            }

            HashSet<int> painted = [.. Draw([.. Enumerable.Range(0, objects.Length)], objects, each, random)];
            RandomForest forest = Train(patch, objects, painted, random);
            for (int stage = 0; stage < more; stage++)
            {
                IEnumerable<int> tiles = ErrorTiles.Worst(forest.Predict(patch, 1), objects, width, each);
                painted.UnionWith(Draw([.. tiles.Where(p => !painted.Contains(p))], objects, each, random));
                forest = Train(patch, objects, painted, random);
            }

            return (forest, source);
        }

        throw new SelfAdaptException(
            ErrorKind.UnreadableInput,
            $"{Attempts} patches of the labelled images held objects only or background only: an enhancer learns from "
            + "images that show both.");
    }

    private int Side(RandomStream random, int length)
    {
        int most = Math.Min(_options.PatchMax, length);
        int least = Math.Min(_options.PatchMin, most);
        return least + random.NextIndex(most - least + 1);
    }

    private RandomForest Train(FeatureImage patch, bool[] objects, HashSet<int> painted, RandomStream random)
    {
        TrainingPixels pixels = PixelReader.Read(patch, _features, [.. painted], [.. painted.Select(p => objects[p])], 1);
        return RandomForest.Train(_features, pixels, new() { Trees = _options.Trees, Seed = (int)(random.NextUInt64() >> 33) }, 1);
    }

    /// <summary>As few as a user's strokes have, or as many as there are: any number of digits alike; 0 where a class is missing.</summary>
    private int PixelsOfAClass(bool[] objects, RandomStream random)
    {
        int count = objects.Count(o => o);
        double digits = random.NextUniform(Math.Log(_options.PatchPixelsMin), Math.Log(_options.PatchPixels));
        return Math.Min(Math.Max(1, (int)(Math.Exp(digits) / 2)), Math.Min(count, objects.Length - count));
    }

    /// <summary>As many pixels of either class, drawn at random; fewer where there are fewer.</summary>
    private static IEnumerable<int> Draw(int[] from, bool[] objects, int each, RandomStream random) =>
        new[] { false, true }.SelectMany(kind => Draw([.. from.Where(p => objects[p] == kind)], each, random));

    private static int[] Draw(int[] from, int count, RandomStream random)
    {
        count = Math.Min(count, from.Length);
        for (int i = 0; i < count; i++)
        {
            int other = i + random.NextIndex(from.Length - i);
            (from[i], from[other]) = (from[other], from[i]);
        }

        return from[..count];
    }
}
