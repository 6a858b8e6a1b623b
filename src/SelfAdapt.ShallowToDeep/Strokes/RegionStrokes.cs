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

            if (region.Corners.Count > 0)
            {
                Fill(region, painted, height, width, mark);
            }
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
        switch (region.Shape)
        {
            case RegionShape.Rectangle:
                FillPart(corners[0], corners[1], static _ => true);
                break;
            case RegionShape.Oval:
                FillPart(corners[0], corners[1], p => Vector2.DistanceSquared(
                    (p - corners[0]) / (corners[1] - corners[0]), new Vector2(0.5f)) <= 0.25f);
                break;
            case RegionShape.Point:
                foreach (Vector2 point in corners)
                {
                    FillPart(point, point + Vector2.One, static _ => true);
                }

                break;
            case var _ when region.IsArea:
                FillRows();
                break;
            default:
                Vector2 reach = new(Math.Max(1, region.Width) / 2);
                for (int i = 1; i < corners.Count; i++)
                {
                    // Corners of lines are middles of pixels.
                    (Vector2 from, Vector2 to) = (corners[i - 1] + new Vector2(0.5f), corners[i] + new Vector2(0.5f));
                    FillPart(
                        Vector2.Min(from, to) - reach, Vector2.Max(from, to) + reach, p => Distance(p, from, to) <= reach.X);
                }

                break;
        }

        // The pixels of a box whose middles are held.
        void FillPart(Vector2 low, Vector2 high, Predicate<Vector2> holds)
        {
            for (int y = First(low.Y); y < End(high.Y, height); y++)
            {
                for (int x = First(low.X); x < End(high.X, width); x++)
                {
                    if (holds(new Vector2(x + 0.5f, y + 0.5f)))
                    {
                        painted[(y * width) + x] = mark;
                    }
                }
            }
        }

        // The pixels whose middles lie between an odd side of the polygon and the next.
        void FillRows()
        {
            List<float> crossings = [];
            for (int y = First(corners.Min(c => c.Y)); y < End(corners.Max(c => c.Y), height); y++)
            {
                crossings.Clear();
                for (int i = 0; i < corners.Count; i++)
                {
                    (Vector2 a, Vector2 b) = (corners[i], corners[(i + 1) % corners.Count]);
                    if (a.Y > y + 0.5f != b.Y > y + 0.5f)
                    {
                        crossings.Add(a.X + ((y + 0.5f - a.Y) / (b.Y - a.Y) * (b.X - a.X)));
                    }
                }

                crossings.Sort();
                for (int i = 0; i + 1 < crossings.Count; i += 2)
                {
                    int from = First(crossings[i]);
                    painted.AsSpan((y * width) + from, Math.Max(0, End(crossings[i + 1], width) - from)).Fill(mark);
                }
            }
        }

        static int First(float from) => (int)Math.Max(0, Math.Ceiling(from - 0.5));

        static int End(float to, int most) => (int)Math.Min(most, Math.Ceiling(to - 0.5));
    }

    private static float Distance(Vector2 p, Vector2 a, Vector2 b)
    {
        Vector2 along = b - a;
        float share = along == Vector2.Zero ? 0 : Math.Clamp(Vector2.Dot(p - a, along) / along.LengthSquared(), 0, 1);
        return Vector2.Distance(p, a + (share * along));
    }
}
