using SelfAdapt.Engine;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;

namespace SelfAdapt.Adaptation.Learning;

/// <summary>
/// Cuts training crops from images at the network's scale: a random image, a random magnification s, a random window of
/// crop / s px, bilinear resampling (half-pixel centres) to the crop's size, random flips. Where the window is larger
/// than the image it is centred on it, and beyond the border the image is mirrored without repeating the edge pixel, as
/// often as it takes; so a small image fills a crop with its own texture and no false edges.
/// </summary>
internal sealed class CropSampler
{
    /// <summary>Random numbers that a crop takes.</summary>
    public const int NumbersPerCrop = 6;

    private readonly IReadOnlyList<Image> _images;
    private readonly AdaptationOptions _options;
    private readonly int _size;

    /// <param name="images">At least one; all with the same number of channels.</param>
    public CropSampler(IReadOnlyList<Image> images, AdaptationOptions options)
    {
        if (images.Count == 0)
        {
            throw new ArgumentException("There is no image to cut crops from.");
        }

        foreach (Image image in images)
        {
            if (image.Channels != images[0].Channels)
            {
                throw new ArgumentException(
                    $"An image has {image.Channels} channels, the first one {images[0].Channels}.");
            }
        }

        (_images, _options, _size) = (images, options, options.Crop);
    }

    public int Length => _images[0].Channels * _size * _size;

    /// <param name="random">The stream; six numbers per crop are drawn.</param>
    /// <param name="target">Receives [n, channels, crop, crop], n by its length.</param>
    public void Sample(RandomStream random, Span<float> target)
    {
        if (target.Length % Length != 0)
        {
            throw new ArgumentException($"{target.Length} values are no whole number of crops of {Length}.");
        }

        for (int at = 0; at < target.Length; at += Length)
        {
            Image image = _images[random.NextIndex(_images.Count)];
            double scale = random.NextUniform(_options.CropScaleMin, _options.CropScaleMax);
            double window = _size / scale;
            Axis rows = Axis.Draw(random.NextUniform(), image.Height, window, _size);
            Axis columns = Axis.Draw(random.NextUniform(), image.Width, window, _size);
            if (random.NextBool(0.5) && _options.CropFlip)
            {
                Array.Reverse(rows.Taps);
            }

            if (random.NextBool(0.5) && _options.CropFlip)
            {
                Array.Reverse(columns.Taps);
            }

            Resample(image, rows, columns, target.Slice(at, Length));
        }
    }

    private void Resample(Image image, Axis rows, Axis columns, Span<float> target)
    {
        for (int c = 0; c < image.Channels; c++)
        {
            ReadOnlySpan<float> plane = image.Plane(c);
            Span<float> crop = target.Slice(c * _size * _size, _size * _size);
            for (int y = 0; y < _size; y++)
            {
                Tap row = rows.Taps[y];
                ReadOnlySpan<float> upper = plane.Slice(row.First * image.Width, image.Width);
                ReadOnlySpan<float> lower = plane.Slice(row.Second * image.Width, image.Width);
                for (int x = 0; x < _size; x++)
                {
                    Tap column = columns.Taps[x];
                    float top = Mix(upper[column.First], upper[column.Second], column.Fraction);
                    float bottom = Mix(lower[column.First], lower[column.Second], column.Fraction);
                    crop[(y * _size) + x] = Mix(top, bottom, row.Fraction);
                }
            }
        }
    }

    private static float Mix(float a, float b, float fraction) => a + ((b - a) * fraction);

    /// <summary>Two neighbouring pixels and the weight of the second.</summary>
    private readonly record struct Tap(int First, int Second, float Fraction);

    /// <summary>Where the crop's rows or columns lie in the image.</summary>
    private readonly record struct Axis(Tap[] Taps)
    {
        public static Axis Draw(double random, int length, double window, int size)
        {
            double room = length - window;
            double start = room > 0 ? room * random : room / 2;
            Tap[] taps = new Tap[size];
            for (int i = 0; i < size; i++)
            {
                double position = start + ((i + 0.5) * window / size) - 0.5;
                double floor = Math.Floor(position);
                taps[i] = new(
                    Mirror.Index((int)floor, length), Mirror.Index((int)floor + 1, length),
                    (float)(position - floor));
            }

            return new(taps);
        }
    }
}
