namespace SelfAdapt.Files;

/// <summary>One decoded page: planes of samples in the number type of the file.</summary>
internal sealed class Raster
{
    /// <summary>Makes room for a page.</summary>
    /// <param name="kind">Number type of the samples.</param>
    public Raster(int channels, int height, int width, SampleKind kind)
    {
        (Channels, Height, Width) = (channels, height, width);
        Samples = new SampleBuffer(kind, (long)channels * height * width);
    }

    public int Channels { get; }

    public int Height { get; }

    public int Width { get; }

    /// <summary>[channels, height, width].</summary>
    public SampleBuffer Samples { get; }

    /// <summary>The bytes of one plane from a pixel on.</summary>
    /// <param name="channel">0-based plane.</param>
    /// <param name="row">0-based row.</param>
    /// <param name="column">0-based column.</param>
    public Span<byte> From(int channel, int row, int column)
    {
        int size = Samples.Kind.Size();
        return Samples.Bytes.AsSpan(((((channel * Height) + row) * Width) + column) * size);
    }

    /// <summary>The page as a float image.</summary>
    public Image ToImage() => new(Channels, Height, Width, Samples.ToFloats());

    /// <summary>The page as labels.</summary>
    /// <param name="source">The file it came from, for messages.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: more than one channel, or a value that is negative, fractional or above 2^31 - 1.
    /// </exception>
    public LabelImage ToLabels(FileBytes source)
    {
        if (Channels != 1)
        {
            throw source.Unsupported(
                $"it has {Channels} channels; a label image has one, with a number per cell. "
                + "Colour renderings of masks can't be read: save the label image itself");
        }

        int bad = Samples.TryToLabels(out int[] labels);
        if (bad >= 0)
        {
            throw source.Unsupported(
                $"the value at row {bad / Width}, column {bad % Width} is no label: labels "
                + "are whole numbers from 0 (background) to 2,147,483,647");
        }

        return new LabelImage(Height, Width, labels);
    }
}
