namespace SelfAdapt.Files;

/// <summary>An image that is read a few rows at a time.</summary>
internal interface IRowSource
{
    int Channels { get; }

    int Height { get; }

    int Width { get; }

    /// <summary>The value that the file calls "no data"; null if it names none.</summary>
    double? NoData => null;

    /// <summary>Whether pixels may be NaN or hold no data: false spares a look at all of them.</summary>
    bool MayMissPixels { get; }

    /// <summary>Reads rows.</summary>
    /// <param name="firstRow">0-based first row.</param>
    /// <param name="rowCount">How many, at least 1; all lie within the image.</param>
    /// <returns>[Channels, rowCount, Width], the caller's to change.</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: the data are damaged.</exception>
    Image Read(int firstRow, int rowCount);
}

/// <summary>Rows of an image in memory.</summary>
internal sealed class ImageRows : IRowSource
{
    private readonly Image _image;

    /// <summary>Takes the image.</summary>
    /// <param name="image">The image; not changed.</param>
    public ImageRows(Image image)
    {
        _image = image;
    }

    public int Channels => _image.Channels;

    public int Height => _image.Height;

    public int Width => _image.Width;

    public bool MayMissPixels => true;

    public Image Read(int firstRow, int rowCount)
    {
        int length = rowCount * Width;
        float[] pixels = new float[checked(Channels * length)];
        for (int c = 0; c < Channels; c++)
        {
            _image.Plane(c).Slice(firstRow * Width, length).CopyTo(pixels.AsSpan(c * length));
        }

        return new Image(Channels, rowCount, Width, pixels);
    }
}
