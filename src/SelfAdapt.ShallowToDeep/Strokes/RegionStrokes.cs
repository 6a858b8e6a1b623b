using System.Numerics;
using SelfAdapt.Files;
using SelfAdapt.Files.Regions;

namespace SelfAdapt.ShallowToDeep.Strokes;

/// <summary>
/// Strokes drawn in ImageJ: lines as wide as they are there, points of one pixel, areas filled; background where the group is 1
/// or the name begins so, object where it is 2. What comes later in the file lies on top.
/// </summary>
internal static class RegionStrokes
{
    private static readonly (string Word, int Mark)[] Words =
    [
        ("background", StrokeImage.Background), ("bg", StrokeImage.Background),
        ("object", StrokeImage.Object), ("foreground", StrokeImage.Object), ("fg", StrokeImage.Object),
    ];

    /// <summary>The strokes as a label image of the image's size.</summary>
    /// <param name="source">What errors call the strokes.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: a region of no class, or one with a corner outside the image.</exception>
    public static LabelImage Draw(IEnumerable<ImageJRegion> regions, string source, int height, int width)
    {
        int[] painted = new int[height * width];
        foreach (ImageJRegion region in regions)
        {
            int mark = MarkOf(region, source);
            foreach (Vector2 corner in region.Corners)
            {
                if (!(corner.X >= 0 && corner.Y >= 0 && corner.X <= width && corner.Y <= height))
                {
                    throw new SelfAdaptException(
                        ErrorKind.UnreadableInput, source,
                        FormattableString.Invariant(
                            $"the region {region.Name} reaches to row {corner.Y:0}, column {corner.X:0}, but its image has {height}x{width} pixels: it belongs to another image."));
                }
            }

            Fill(region, painted, height, width, mark);
        }

        return new(height, width, painted);
    }

    private static int MarkOf(ImageJRegion region, string source)
    {
        if (region.Group is StrokeImage.Background or StrokeImage.Object)
        {
            return region.Group;
        }

        int mark = Words.FirstOrDefault(w => region.Name.StartsWith(w.Word, StringComparison.OrdinalIgnoreCase)).Mark;
        return mark != StrokeImage.Unknown
            ? mark
            : throw new SelfAdaptException(
                ErrorKind.UnreadableInput, source,
                $"the region {region.Name} is neither background nor object. In ImageJ's ROI manager give it group 1 (background) "
                + "or 2 (object), or a name that begins with background or object.");
    }

    private static void Fill(ImageJRegion region, int[] painted, int height, int width, int mark)
    {
        IReadOnlyList<Vector2> corners = region.Corners;
        float reach = Math.Max(1, region.Width) / 2;
        Predicate<Vector2> holds = region.Shape switch
        {
            RegionShape.Rectangle => p => Holds(corners, p),
            RegionShape.Oval => p => Vector2.DistanceSquared(
                (p - corners[0]) / (corners[1] - corners[0]), new Vector2(0.5f)) <= 0.25f,
            RegionShape.Point => p => corners.Any(c => Vector2.DistanceSquared(Whole(c), p) < 0.25f),
            _ when region.IsArea => p => IsInside(corners, p),
            _ => p => Enumerable.Range(1, Math.Max(0, corners.Count - 1))
                .Any(i => Distance(p, Whole(corners[i - 1]), Whole(corners[i])) <= reach),
        };
        if (corners.Count == 0)
        {
            return;
        }

        int top = (int)Math.Max(0, corners.Min(c => c.Y) - reach);
        int bottom = (int)Math.Min(height - 1, corners.Max(c => c.Y) + reach);
        int left = (int)Math.Max(0, corners.Min(c => c.X) - reach);
        int right = (int)Math.Min(width - 1, corners.Max(c => c.X) + reach);
        for (int y = top; y <= bottom; y++)
        {
            for (int x = left; x <= right; x++)
            {
                if (holds(new Vector2(x + 0.5f, y + 0.5f)))
                {
                    painted[(y * width) + x] = mark;
                }
            }
        }
    }

    /// <summary>The middle of the pixel that a corner of a line, or a point, is in.</summary>
    private static Vector2 Whole(Vector2 pixel) => pixel + new Vector2(0.5f);

    private static bool Holds(IReadOnlyList<Vector2> box, Vector2 p) =>
        p.X >= box[0].X && p.X < box[1].X && p.Y >= box[0].Y && p.Y < box[1].Y;

    private static bool IsInside(IReadOnlyList<Vector2> corners, Vector2 p)
    {
        bool inside = false;
        for (int i = 0; i < corners.Count; i++)
        {
            (Vector2 a, Vector2 b) = (corners[i], corners[(i + 1) % corners.Count]);
            if (a.Y > p.Y != b.Y > p.Y && p.X < a.X + ((p.Y - a.Y) / (b.Y - a.Y) * (b.X - a.X)))
            {
                inside = !inside;
            }
        }

        return inside;
    }

    private static float Distance(Vector2 p, Vector2 a, Vector2 b)
    {
        Vector2 along = b - a;
        float share = along == Vector2.Zero ? 0 : Math.Clamp(Vector2.Dot(p - a, along) / along.LengthSquared(), 0, 1);
        return Vector2.Distance(p, a + (share * along));
    }
}
