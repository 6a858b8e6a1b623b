using System.Globalization;
using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Preparation;

/// <summary>
/// The way from an image as read to what a network sees, before padding and tiling: channels chosen, intensities
/// normalised, size changed so that objects have the diameter the network knows (docs/cellpose.md 3.1 to 3.3).
/// </summary>
internal static class ImagePreparation
{
    private const long MostPixels = 1L << 29;
    private const int LongestSide = 1 << 24;

    /// <summary>Channel selection, normalisation and rescaling in one go.</summary>
    /// <returns>An image of [inputChannels, trunc(height x rescale), trunc(width x rescale)].</returns>
    /// <exception cref="SelfAdaptException">
    /// (<see cref="ErrorKind.InvalidOption"/>) an option is out of range;
    /// (<see cref="ErrorKind.ModelImageMismatch"/>) a channel is missing, or the rescaled size is too large;
    /// (<see cref="ErrorKind.UnreadableInput"/>) a pixel is not a finite number.
    /// </exception>
    public static Image Prepare(
        Image image, SegmentationOptions options, int inputChannels, string source = "the image")
    {
        options.Validate();
        Image selected = SelectChannels(image, options.Channels, inputChannels, source);
        Normalize(selected, options.Normalization, options.Invert, source, options.Threads);
        return Rescale(selected, options.Rescale, source, options.Threads);
    }

    /// <summary>Refuses an image that can't be prepared, without the work.</summary>
    /// <exception cref="SelfAdaptException">
    /// (<see cref="ErrorKind.ModelImageMismatch"/>) a channel is missing, or the rescaled size is too large.
    /// </exception>
    public static void RequireFits(Image image, SegmentationOptions options, int inputChannels, string source)
    {
        RequireChannels(image, options.Channels, inputChannels, source);
        Rescaled(image.Height, image.Width, inputChannels, options.Rescale, MostPixels, source);
    }

    /// <summary>Picks the channels that a network sees (docs/cellpose.md 3.1).</summary>
    /// <param name="channels">For one or two input channels: which ones; the first 0 means the mean of all
    /// channels, and then, as for one-channel images, the second input channel is zeros.</param>
    /// <param name="inputChannels">Channels that the network takes; above 2 the image must have as many and
    /// they are taken as they are.</param>
    /// <returns>A new image of [inputChannels, height, width].</returns>
    public static Image SelectChannels(
        Image image, ChannelPair channels, int inputChannels, string source = "the image")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputChannels, 1);
        RequireChannels(image, channels, inputChannels, source);
        Image result = Blank(inputChannels, image.Height, image.Width);
        if (inputChannels > 2)
        {
            image.Pixels.CopyTo(result.Pixels.AsSpan());
            return result;
        }

        if (image.Channels == 1)
        {
            image.Plane(0).CopyTo(result.Plane(0));
            return result;
        }

        if (channels.First == 0)
        {
            MeanOfChannels(image, result.Plane(0));
            return result;
        }

        image.Plane(channels.First - 1).CopyTo(result.Plane(0));
        if (channels.Second > 0 && inputChannels == 2)
        {
            image.Plane(channels.Second - 1).CopyTo(result.Plane(1));
        }

        return result;
    }

    /// <summary>Normalises every channel in place (docs/cellpose.md 3.2).</summary>
    /// <param name="image">The selected channels; changed.</param>
    /// <param name="invert">Replaces x by 1 - x in each channel that was normalised.</param>
    public static void Normalize(
        Image image, IntensityNormalization normalization, bool invert, string source = "the image",
        int threads = 0)
    {
        RequireFinite(image, source);
        if (normalization == IntensityNormalization.None)
        {
            return;
        }

        Parallel.For(0, image.Channels, Parallelism.Of(threads), channel =>
        {
            IntensityCollector collector = new(normalization, invert, 1, image.Height, image.Width);
            for (int pass = 0; pass < IntensityCollector.Passes(normalization); pass++)
            {
                collector.Add(image.Plane(channel), pass);
            }

            collector.Finish().Apply(image.Plane(channel));
        });
    }

    /// <summary>Resizes by a factor, bilinear with OpenCV's rules (docs/cellpose.md 3.3).</summary>
    /// <param name="image">The image; returned itself when the factor is 1.</param>
    /// <param name="factor">Network scale over image scale, above 0.</param>
    /// <returns>[channels, trunc(height x factor), trunc(width x factor)], each at least 1.</returns>
    /// <exception cref="SelfAdaptException">
    /// (<see cref="ErrorKind.ModelImageMismatch"/>) the new size has more than 2^29 values.
    /// </exception>
    public static Image Rescale(Image image, double factor, string source = "the image", int threads = 0)
    {
        if (factor == 1.0)
        {
            return image;
        }

        (int height, int width) = Rescaled(image.Height, image.Width, image.Channels, factor, MostPixels, source);
        return Resize(image, height, width, threads);
    }

    /// <summary>Rows and columns after a change of size: cut to whole ones, at least one each.</summary>
    /// <param name="most">Most values that may come of it.</param>
    /// <exception cref="SelfAdaptException">(<see cref="ErrorKind.ModelImageMismatch"/>) there are more.</exception>
    internal static (int Height, int Width) Rescaled(
        int height, int width, int channels, double factor, long most, string source)
    {
        double newHeight = Math.Max(1, Math.Truncate(height * factor));
        double newWidth = Math.Max(1, Math.Truncate(width * factor));
        return Math.Max(newHeight, newWidth) <= LongestSide && newHeight * newWidth * channels <= most
            ? ((int)newHeight, (int)newWidth)
            : throw new SelfAdaptException(ErrorKind.ModelImageMismatch, source, string.Create(
                CultureInfo.InvariantCulture,
                $"{height}x{width} pixels times {factor:G4} (the network's diameter over the one given) is "
                + $"{newHeight}x{newWidth}, which is too large. Check the diameter."));
    }

    /// <summary>Resizes to a given size, bilinear with OpenCV's rules (docs/cellpose.md 3.3).</summary>
    /// <returns>A new image of [channels, height, width].</returns>
    public static Image Resize(Image image, int height, int width, int threads = 0)
    {
        Image result = Blank(image.Channels, height, width);
        int from = image.Height * image.Width;
        int to = height * width;
        for (int c = 0; c < image.Channels; c++)
        {
            Resampling.Linear(
                image.Pixels.AsMemory(c * from, from), image.Height, image.Width,
                result.Pixels.AsMemory(c * to, to), height, width, threads);
        }

        return result;
    }

    internal static Image Blank(int channels, int height, int width) =>
        new(channels, height, width, new float[checked(channels * height * width)]);

    /// <summary>Copies a part of an image, all its channels, to a place in another or upwards in the same.</summary>
    internal static void CopyPart(
        Image from, int top, int left, Image to, int toTop, int toLeft, int height, int width)
    {
        for (int c = 0; c < from.Channels; c++)
        {
            for (int y = 0; y < height; y++)
            {
                from.Plane(c).Slice(((top + y) * from.Width) + left, width)
                    .CopyTo(to.Plane(c)[(((toTop + y) * to.Width) + toLeft)..]);
            }
        }
    }

    /// <summary>The middle of an image, at most so large a square of it.</summary>
    internal static Image Middle(Image image, int side)
    {
        (int height, int width) = (Math.Min(side, image.Height), Math.Min(side, image.Width));
        Image part = Blank(image.Channels, height, width);
        CopyPart(image, (image.Height - height) / 2, (image.Width - width) / 2, part, 0, 0, height, width);
        return part;
    }

    private static void MeanOfChannels(Image image, Span<float> mean)
    {
        for (int c = 0; c < image.Channels; c++)
        {
            ReadOnlySpan<float> plane = image.Plane(c);
            for (int i = 0; i < mean.Length; i++)
            {
                mean[i] += plane[i];
            }
        }

        for (int i = 0; i < mean.Length; i++)
        {
            mean[i] /= image.Channels;
        }
    }

    internal static bool HasChannels(Image image, ChannelPair channels, int inputChannels) => inputChannels > 2
        ? inputChannels == image.Channels
        : Wanted(image, channels, inputChannels) <= image.Channels;

    private static int Wanted(Image image, ChannelPair channels, int inputChannels) =>
        inputChannels > 2 ? inputChannels
        : image.Channels == 1 || channels.First == 0 ? 0
        : inputChannels == 2 ? Math.Max(channels.First, channels.Second)
        : channels.First;

    /// <summary>Refuses an image without the channels that are asked for.</summary>
    /// <exception cref="SelfAdaptException">(<see cref="ErrorKind.ModelImageMismatch"/>) it lacks one.</exception>
    internal static void RequireChannels(Image image, ChannelPair channels, int inputChannels, string source)
    {
        if (!HasChannels(image, channels, inputChannels))
        {
            throw new SelfAdaptException(ErrorKind.ModelImageMismatch, string.Create(
                CultureInfo.InvariantCulture,
                $"{source} has {image.Channels} channels, but {Wanted(image, channels, inputChannels)} is asked for. Choose other channels "
                + $"or a model that fits the images."));
        }
    }

    internal static void RequireFinite(Image image, string source, int firstRow = 0)
    {
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            if (!float.IsFinite(image.Pixels[i]))
            {
                int inPlane = i % (image.Height * image.Width);
                throw new SelfAdaptException(ErrorKind.UnreadableInput, source, string.Create(
                    CultureInfo.InvariantCulture,
                    $"the pixel at row {firstRow + (inPlane / image.Width)}, column {inPlane % image.Width} is "
                    + $"{image.Pixels[i]}, not a finite number. Replace such pixels first."));
            }
        }
    }
}
