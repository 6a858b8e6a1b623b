using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Preparation;

/// <summary>The zero frame around a network-scale image (docs/cellpose.md 3.4).</summary>
internal readonly record struct Padding(int Top, int Bottom, int Left, int Right)
{
    private const int Multiple = 16;
    private const int Margin = 8;

    /// <summary>Margin on every side plus what makes both sides a multiple of 16.</summary>
    /// <param name="grid">What the image must begin at a multiple of, px.</param>
    public static Padding For(int height, int width, int grid = 1)
    {
        (int top, int bottom) = Axis(height, grid);
        (int left, int right) = Axis(width, grid);
        return new(top, bottom, left, right);
    }

    /// <summary>A copy of the image with the frame of zeros around it.</summary>
    public Image Apply(Image image)
    {
        Image result = ImagePreparation.Blank(
            image.Channels, image.Height + Top + Bottom, image.Width + Left + Right);
        ImagePreparation.CopyPart(image, 0, 0, result, Top, Left, image.Height, image.Width);
        return result;
    }

    /// <summary>A copy of the part of the image inside the frame.</summary>
    public Image Remove(Image image)
    {
        Image result = ImagePreparation.Blank(
            image.Channels, image.Height - Top - Bottom, image.Width - Left - Right);
        ImagePreparation.CopyPart(image, Top, Left, result, 0, 0, result.Height, result.Width);
        return result;
    }

    private static (int Before, int After) Axis(int length, int grid)
    {
        int extra = (Multiple - (length % Multiple)) % Multiple;
        int before = (Margin + (extra / 2)) / grid * grid;
        return (before, (2 * Margin) + extra - before);
    }
}
