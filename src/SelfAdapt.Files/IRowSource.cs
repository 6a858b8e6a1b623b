using System;

namespace SelfAdapt.Files;

/// <summary>An image that is read a few rows at a time.</summary>
public interface IRowSource
{
    /// <summary>Number of channels.</summary>
    int Channels { get; }

    /// <summary>Rows.</summary>
    int Height { get; }

    /// <summary>Columns.</summary>
    int Width { get; }

    /// <summary>Reads rows.</summary>
    /// <param name="firstRow">0-based first row.</param>
    /// <param name="rowCount">How many, at least 1; all lie within the image.</param>
    /// <returns>[Channels, rowCount, Width], the caller's to change.</returns>
    /// <exception cref="SelfAdaptException">NoUsableInput: the data are damaged.</exception>
    Image Read(int firstRow, int rowCount);
}

/// <summary>Rows of an image in memory.</summary>
public sealed class ImageRows : IRowSource
{
    private readonly Image _image;

    /// <summary>Takes the image.</summary>
    /// <param name="image">The image; not changed.</param>
    public ImageRows(Image image)
    {
        ArgumentNullException.ThrowIfNull(image);
        _image = image;
    }

    /// <inheritdoc/>
    public int Channels => _image.Channels;

    /// <inheritdoc/>
    public int Height => _image.Height;

    /// <inheritdoc/>
    public int Width => _image.Width;

    /// <inheritdoc/>
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
