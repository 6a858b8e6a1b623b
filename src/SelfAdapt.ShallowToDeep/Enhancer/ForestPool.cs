using SelfAdapt.Engine;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.Forest;

namespace SelfAdapt.ShallowToDeep.Enhancer;

/// <summary>
/// Forests as users' strokes would make them, good and bad ones: each learns from one random patch of the source. They
/// are grown when they are first asked for; number and seed alone decide what comes out.
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
            new Lazy<(RandomForest, SourceImage)>(() => Grow(random.Substream($"forest {i}"))))];
    }

    public int Count => _forests.Length;

    /// <summary>A forest, and the image that its patch is of.</summary>
    public (RandomForest Forest, SourceImage Own) this[int index] => _forests[index].Value;

    private (RandomForest, SourceImage) Grow(RandomStream random)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            SourceImage source = _images[random.NextIndex(_images.Count)];
            int height = Side(random, source.Image.Height);
            int width = Side(random, source.Image.Width);
            int top = random.NextIndex(source.Image.Height - height + 1);
            int left = random.NextIndex(source.Image.Width - width + 1);
            if (Choose(source, top, left, height, width, random) is { } places)
            {
                // A patch is all that this forest's user has.
                TrainingPixels pixels = PixelReader.Read(
                    source.Image.Crop(top, left, height, width), _features,
                    [.. places.Select(p => (((p / source.Image.Width) - top) * width) + (p % source.Image.Width) - left)],
                    [.. places.Select(p => source.Object[p])], 1);
                ForestOptions growth = new() { Trees = _options.Trees, Seed = (int)(random.NextUInt64() >> 33) };
                return (RandomForest.Train(_features, pixels, growth, 1), source);
            }
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

    /// <summary>As many pixels of either class, drawn at random; null where a class is missing.</summary>
    private List<int>? Choose(SourceImage source, int top, int left, int height, int width, RandomStream random)
    {
        List<int>[] classes = [[], []];
        for (int y = top; y < top + height; y++)
        {
            for (int x = left; x < left + width; x++)
            {
                int at = (y * source.Image.Width) + x;
                classes[source.Object[at] ? 1 : 0].Add(at);
            }
        }

        // As few as a user's strokes have, or as many as there are: any number of digits alike.
        double digits = random.NextUniform(Math.Log(_options.PatchPixelsMin), Math.Log(_options.PatchPixels));
        int each = Math.Min(Math.Max(1, (int)(Math.Exp(digits) / 2)), classes.Min(c => c.Count));
        return each == 0 ? null : [.. classes.SelectMany(c => Draw(c, each, random))];
    }

    private static IEnumerable<int> Draw(List<int> from, int count, RandomStream random)
    {
        for (int i = 0; i < count; i++)
        {
            int other = i + random.NextIndex(from.Count - i);
            (from[i], from[other]) = (from[other], from[i]);
        }

        return from.Take(count);
    }
}
