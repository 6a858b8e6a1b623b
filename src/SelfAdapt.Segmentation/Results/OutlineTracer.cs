using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Segmentation.Results;

/// <summary>A point of an outline: a pixel's column and row, or a corner between pixels.</summary>
internal readonly record struct OutlinePoint(int X, int Y);

/// <summary>
/// Walks along the edges between a cell's pixels and what is not the cell, the cell on the left hand, so that outer
/// rings run against the clock on the screen and the rims of holes with it.
/// </summary>
internal sealed class OutlineTracer(LabelImage labels)
{
    // Directions of travel, each with the cell's pixel on its left: down, right, up, left.
    private static readonly (int X, int Y)[] Steps = [(0, 1), (1, 0), (0, -1), (-1, 0)];

    // From the corner where an edge begins to the pixel on its left hand, by direction.
    private static readonly (int X, int Y)[] Inside = [(0, 0), (0, -1), (-1, -1), (-1, 0)];

    private byte[] _walked = [];
    private LabelRegion _region;
    private int _label;

    /// <summary>
    /// The pixels along the cell's rim, in order, as Cellpose lists them (docs/cellpose.md 7): pixels that
    /// touch by a corner hang together, of several parts the one with the longest rim, no holes; from the topmost
    /// pixel, there from the leftmost, downwards.
    /// </summary>
    public IReadOnlyList<OutlinePoint> RimPixels(int label, LabelRegion region)
    {
        Begin(label, region);
        List<OutlinePoint> longest = [];
        foreach ((OutlinePoint start, int direction) in Starts())
        {
            List<OutlinePoint> rim = [];
            long area = 0;
            Walk(start, direction, throughCorners: true, (corner, d) =>
            {
                area += Twice(corner, d);
                OutlinePoint pixel = PixelOf(corner, d);
                if (rim.Count == 0 || rim[^1] != pixel)
                {
                    rim.Add(pixel);
                }
            });
            if (rim.Count > 1 && rim[^1] == rim[0])
            {
                rim.RemoveAt(rim.Count - 1);
            }

            if (area > 0 && rim.Count > longest.Count)
            {
                longest = rim;
            }
        }

        return longest;
    }

    /// <summary>
    /// The cell as polygons that cover exactly its pixels: corners in pixel edges' coordinates, straight runs as one
    /// edge, no ring touching itself. One polygon per part; parts that touch by a corner only are parts of their own.
    /// </summary>
    /// <returns>Per polygon its rings: the outer one first, then the holes; not closed.</returns>
    public IReadOnlyList<IReadOnlyList<OutlinePoint[]>> Polygons(int label, LabelRegion region)
    {
        Begin(label, region);
        List<OutlinePoint[]> outer = [];
        List<OutlinePoint[]> holes = [];
        foreach ((OutlinePoint start, int direction) in Starts())
        {
            List<OutlinePoint> corners = [];
            Walk(start, direction, throughCorners: false, (corner, _) => corners.Add(corner));
            foreach (OutlinePoint[] ring in SplitWhereItTouchesItself(corners))
            {
                (Area(ring) > 0 ? outer : holes).Add(WithoutStraightCorners(ring));
            }
        }

        List<OutlinePoint[]>[] polygons = [.. outer.Select(ring => new List<OutlinePoint[]> { ring })];
        foreach (OutlinePoint[] hole in holes)
        {
            // A point just inside the hole's rim decides; of nested parts the smallest one holds the hole.
            polygons.Where(p => Contains(p[0], hole)).MinBy(p => Area(p[0]))!.Add(hole);
        }

        return polygons;
    }

    /// <summary>The signed area that a ring encloses, px²; positive against the clock.</summary>
    public static long Area(IReadOnlyList<OutlinePoint> ring)
    {
        long twice = 0;
        for (int i = 0; i < ring.Count; i++)
        {
            (OutlinePoint a, OutlinePoint b) = (ring[i], ring[(i + 1) % ring.Count]);
            twice += ((long)b.X * a.Y) - ((long)a.X * b.Y);
        }

        return twice / 2;
    }

    private void Begin(int label, LabelRegion region)
    {
        (_label, _region) = (label, region);
        int size = region.Height * region.Width;
        if (_walked.Length < size)
        {
            _walked = new byte[size];
        }

        _walked.AsSpan(0, size).Clear();
    }

    /// <summary>Edges on the left of a pixel that no walk has passed yet, in raster order.</summary>
    private IEnumerable<(OutlinePoint Start, int Direction)> Starts()
    {
        for (int y = _region.Top; y <= _region.Bottom; y++)
        {
            for (int x = _region.Left; x <= _region.Right; x++)
            {
                if (IsCell(x, y) && !IsCell(x - 1, y) && (_walked[Index(x, y)] & 1) == 0)
                {
                    yield return (new OutlinePoint(x, y), 0);
                }
            }
        }
    }

    private void Walk(OutlinePoint start, int direction, bool throughCorners, Action<OutlinePoint, int> visit)
    {
        (OutlinePoint corner, int d) = (start, direction);
        do
        {
            OutlinePoint pixel = PixelOf(corner, d);
            _walked[Index(pixel.X, pixel.Y)] |= (byte)(1 << d);
            visit(corner, d);
            corner = new OutlinePoint(corner.X + Steps[d].X, corner.Y + Steps[d].Y);
            d = Turn(corner, d, throughCorners ? 3 : 1);
        }
        while (corner != start || d != direction);
    }

    /// <summary>The way on; where two edges lead on, that on the preferred side (1 left, 3 right).</summary>
    private int Turn(OutlinePoint corner, int direction, int preferred)
    {
        int first = (direction + preferred) % 4;
        if (IsEdge(corner, first))
        {
            return first;
        }

        return IsEdge(corner, direction) ? direction : (first + 2) % 4;
    }

    /// <summary>True if the cell lies left of an edge and something else right of it.</summary>
    private bool IsEdge(OutlinePoint corner, int direction)
    {
        OutlinePoint inside = PixelOf(corner, direction);
        (int x, int y) = Inside[(direction + 3) % 4];
        return IsCell(inside.X, inside.Y) && !IsCell(corner.X + x, corner.Y + y);
    }

    private static OutlinePoint PixelOf(OutlinePoint corner, int direction) =>
        new(corner.X + Inside[direction].X, corner.Y + Inside[direction].Y);

    private bool IsCell(int x, int y) =>
        x >= _region.Left && x <= _region.Right && y >= _region.Top && y <= _region.Bottom
        && labels.Labels[(y * labels.Width) + x] == _label;

    private int Index(int x, int y) => ((y - _region.Top) * _region.Width) + x - _region.Left;

    /// <summary>An edge's part in twice the signed area.</summary>
    private static long Twice(OutlinePoint corner, int d) =>
        ((long)(corner.X + Steps[d].X) * corner.Y) - ((long)corner.X * (corner.Y + Steps[d].Y));

    private static IEnumerable<OutlinePoint[]> SplitWhereItTouchesItself(List<OutlinePoint> corners)
    {
        List<OutlinePoint> open = [];
        Dictionary<OutlinePoint, int> places = [];
        foreach (OutlinePoint corner in corners)
        {
            if (places.TryGetValue(corner, out int from))
            {
                OutlinePoint[] loop = [.. open.Skip(from)];
                foreach (OutlinePoint passed in loop)
                {
                    places.Remove(passed);
                }

                open.RemoveRange(from, open.Count - from);
                yield return loop;
            }

            places[corner] = open.Count;
            open.Add(corner);
        }

        yield return [.. open];
    }

    private static OutlinePoint[] WithoutStraightCorners(OutlinePoint[] ring) =>
    [
        .. ring.Where((corner, i) =>
        {
            (OutlinePoint before, OutlinePoint after) =
                (ring[(i + ring.Length - 1) % ring.Length], ring[(i + 1) % ring.Length]);
            return (before.X != corner.X || after.X != corner.X) && (before.Y != corner.Y || after.Y != corner.Y);
        }),
    ];

    /// <summary>Whether a ring goes around a hole, by a ray to the left from beside the hole's first edge.</summary>
    private static bool Contains(OutlinePoint[] ring, OutlinePoint[] hole)
    {
        // The hole is what lies right of its own rim: half a pixel from the middle of an edge on that side.
        (OutlinePoint a, OutlinePoint b) = (hole[0], hole[1]);
        double x = ((a.X + b.X) / 2.0) - (0.5 * Math.Sign(b.Y - a.Y));
        double y = ((a.Y + b.Y) / 2.0) + (0.5 * Math.Sign(b.X - a.X));
        y += y == Math.Floor(y) ? 0.25 : 0;
        bool inside = false;
        for (int i = 0; i < ring.Length; i++)
        {
            (OutlinePoint p, OutlinePoint q) = (ring[i], ring[(i + 1) % ring.Length]);
            if (p.X == q.X && p.X < x && (p.Y > y) != (q.Y > y))
            {
                inside = !inside;
            }
        }

        return inside;
    }
}
