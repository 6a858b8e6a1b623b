namespace SelfAdapt.Files;

/// <summary>A picture in memory: float planes, one per channel, values as they were in the file.</summary>
public sealed class Image
{
    /// <summary>Wraps planes.</summary>
    /// <param name="channels">Number of channels, at least 1.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="pixels">[channels, height, width], row-major.</param>
    /// <exception cref="ArgumentException">The length of <paramref name="pixels"/> is not the product.</exception>
    public Image(int channels, int height, int width, float[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        if (channels < 1 || height < 1 || width < 1 || pixels.Length != (long)channels * height * width)
        {
            throw new ArgumentException($"{pixels.Length} values can't be {channels}x{height}x{width} pixels.");
        }

        (Channels, Height, Width, Pixels) = (channels, height, width, pixels);
    }

    /// <summary>Number of channels.</summary>
    public int Channels { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>[channels, height, width], row-major.</summary>
    public float[] Pixels { get; }

    /// <summary>One channel's plane, [height, width].</summary>
    /// <param name="channel">0-based channel.</param>
    public Span<float> Plane(int channel) => Pixels.AsSpan(channel * Height * Width, Height * Width);
}

/// <summary>An instance segmentation: 0 is background, every other value one cell.</summary>
public sealed class LabelImage
{
    /// <summary>Wraps labels.</summary>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="labels">[height, width], row-major, 0 = background.</param>
    /// <exception cref="ArgumentException">The length of <paramref name="labels"/> is not the product.</exception>
    public LabelImage(int height, int width, int[] labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (height < 1 || width < 1 || labels.Length != (long)height * width)
        {
            throw new ArgumentException($"{labels.Length} labels can't be {height}x{width} pixels.");
        }

        (Height, Width, Labels) = (height, width, labels);
    }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>[height, width], row-major, 0 = background.</summary>
    public int[] Labels { get; }
}
