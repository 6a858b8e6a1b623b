using System;
using SelfAdapt.Files.Png;

namespace SelfAdapt.Reporting;

/// <summary>A colour, 8 bits per channel.</summary>
/// <param name="R">Red.</param>
/// <param name="G">Green.</param>
/// <param name="B">Blue.</param>
internal readonly record struct Rgb(byte R, byte G, byte B);

/// <summary>An RGB picture to draw on; everything outside of it is clipped.</summary>
internal sealed class RgbCanvas
{
    private readonly byte[] _pixels;

    /// <summary>Makes a canvas.</summary>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="background">Colour of every pixel.</param>
    public RgbCanvas(int width, int height, Rgb background)
    {
        (Width, Height) = (width, height);
        _pixels = new byte[checked(3 * width * height)];
        Fill(0, 0, width, height, background);
    }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>The colour at a place inside the canvas.</summary>
    /// <param name="x">Column.</param>
    /// <param name="y">Row.</param>
    public Rgb this[int x, int y]
    {
        get
        {
            int at = 3 * ((y * Width) + x);
            return new Rgb(_pixels[at], _pixels[at + 1], _pixels[at + 2]);
        }
    }

    /// <summary>Colours one pixel.</summary>
    /// <param name="x">Column.</param>
    /// <param name="y">Row.</param>
    /// <param name="colour">Its colour.</param>
    public void Set(int x, int y, Rgb colour)
    {
        if ((uint)x < (uint)Width && (uint)y < (uint)Height)
        {
            int at = 3 * ((y * Width) + x);
            (_pixels[at], _pixels[at + 1], _pixels[at + 2]) = (colour.R, colour.G, colour.B);
        }
    }

    /// <summary>Colours a rectangle.</summary>
    /// <param name="x">Left column.</param>
    /// <param name="y">Top row.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="colour">Its colour.</param>
    public void Fill(int x, int y, int width, int height, Rgb colour)
    {
        for (int row = y; row < y + height; row++)
        {
            for (int column = x; column < x + width; column++)
            {
                Set(column, row, colour);
            }
        }
    }

    /// <summary>Writes a line of text; what is wider than the room ends in "..".</summary>
    /// <param name="x">Left column.</param>
    /// <param name="y">Top row.</param>
    /// <param name="text">The text, ASCII.</param>
    /// <param name="colour">Its colour.</param>
    /// <param name="scale">Pixels per font pixel.</param>
    /// <param name="room">Columns there are.</param>
    public void Write(int x, int y, string text, Rgb colour, int scale, int room)
    {
        int fitting = Math.Max(0, (room + scale) / (PixelFont.Advance * scale));
        string shown = text.Length <= fitting ? text : text[..Math.Max(0, fitting - 2)] + "..";
        for (int i = 0; i < shown.Length; i++)
        {
            for (int column = 0; column < PixelFont.Width; column++)
            {
                for (int row = 0; row < PixelFont.Height; row++)
                {
                    if (PixelFont.HasInk(shown[i], column, row))
                    {
                        int left = x + (((i * PixelFont.Advance) + column) * scale);
                        Fill(left, y + (row * scale), scale, scale, colour);
                    }
                }
            }
        }
    }

    /// <summary>Copies a canvas onto this one.</summary>
    /// <param name="source">What to copy.</param>
    /// <param name="x">Left column here.</param>
    /// <param name="y">Top row here.</param>
    public void Draw(RgbCanvas source, int x, int y)
    {
        for (int row = 0; row < source.Height; row++)
        {
            for (int column = 0; column < source.Width; column++)
            {
                Set(x + column, y + row, source[column, row]);
            }
        }
    }

    /// <summary>The canvas as a PNG file's content.</summary>
    public byte[] EncodePng() => PngWriter.EncodeRgb8(Height, Width, _pixels);
}
