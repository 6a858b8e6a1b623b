using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation.Preparation;
using SelfAdapt.Segmentation.Results;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using Image = SelfAdapt.Files.Image;

namespace SelfAdapt.Segmentation.Packages;

/// <summary>The tile of a user's image that a package tests with, and the cover drawn from it.</summary>
internal static class PackagePicture
{
    private const int CoverSide = 256;

    private static readonly Rgb24 Outline = new(255, 214, 0);

    /// <summary>
    /// Cuts the tile with the most contrast: windows half a side apart, the one with the largest variance of the first
    /// channel. An image smaller than the tile is continued by mirroring.
    /// </summary>
    public static Image CutTile(Image image, int side)
    {
        (double best, int bestY, int bestX) = (-1, 0, 0);
        for (int y = 0; y <= Math.Max(0, image.Height - side); y += side / 2)
        {
            for (int x = 0; x <= Math.Max(0, image.Width - side); x += side / 2)
            {
                double variance = Variance(image, y, x, side);
                if (variance > best)
                {
                    (best, bestY, bestX) = (variance, y, x);
                }
            }
        }

        Image tile = ImagePreparation.Blank(image.Channels, side, side);
        for (int c = 0; c < image.Channels; c++)
        {
            for (int i = 0; i < side * side; i++)
            {
                int y = Mirror.Index(bestY + (i / side), image.Height);
                int x = Mirror.Index(bestX + (i % side), image.Width);
                tile.Plane(c)[i] = image.Plane(c)[(y * image.Width) + x];
            }
        }

        return tile;
    }

    /// <summary>Draws the tile, and beside it the same with the objects found, twice as wide as high.</summary>
    public static byte[] DrawCover(Image tile, LabelImage masks)
    {
        int side = Math.Min(CoverSide, tile.Height);
        byte[] gray = GrayRendering.Stretch(tile, 0);
        using Image<Rgb24> cover = new(2 * side, side);
        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                byte value = gray[(y * tile.Width) + x];
                Rgb24 shade = new(value, value, value);
                cover[x, y] = shade;
                cover[side + x, y] = IsRim(masks, y, x) ? Outline : shade;
            }
        }

        return PngPicture.Encode(cover);
    }

    private static bool IsRim(LabelImage masks, int y, int x)
    {
        int at = (y * masks.Width) + x;
        int label = masks.Labels[at];
        return label > 0
            && ((x > 0 && masks.Labels[at - 1] != label)
                || (x + 1 < masks.Width && masks.Labels[at + 1] != label)
                || (y > 0 && masks.Labels[at - masks.Width] != label)
                || (y + 1 < masks.Height && masks.Labels[at + masks.Width] != label));
    }

    private static double Variance(Image image, int top, int left, int side)
    {
        (double sum, double squares, int count) = (0, 0, 0);
        for (int y = top; y < Math.Min(image.Height, top + side); y++)
        {
            int width = Math.Min(side, image.Width - left);
            foreach (float value in image.Plane(0).Slice((y * image.Width) + left, width))
            {
                sum += value;
                squares += (double)value * value;
            }

            count += width;
        }

        return (squares / count) - (sum / count * (sum / count));
    }
}
