using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>A polygon around a point, a corner on each ray.</summary>
internal sealed class StarPolygon
{
    private readonly float[] _rows;
    private readonly float[] _columns;

    /// <param name="distances">Of the corners, px, all above 0; copied.</param>
    /// <param name="directions">Of the rays: steps down and right.</param>
    public StarPolygon(int row, int column, ReadOnlySpan<float> distances, ReadOnlySpan<(double Down, double Right)> directions)
    {
        (Row, Column) = (row, column);
        (_rows, _columns) = (new float[distances.Length], new float[distances.Length]);
        for (int k = 0; k < distances.Length; k++)
        {
            _rows[k] = (float)(distances[k] * directions[k].Down) + row;
            _columns[k] = (float)(distances[k] * directions[k].Right) + column;
            Radius = Math.Max(Radius, distances[k]);
        }

        (Top, Bottom, Left, Right) = (_rows.Min(), _rows.Max(), _columns.Min(), _columns.Max());
        double twice = 0;
        for (int k = 0; k < distances.Length; k++)
        {
            ((int y, int x), (int nextY, int nextX)) = (Corner(k), Corner(k + 1));
            twice += ((long)x * nextY) - ((long)y * nextX);
        }

        Area = Math.Abs(twice) / 2;
    }

    public int Row { get; }

    public int Column { get; }

    public float Radius { get; }

    public int Corners => _rows.Length;

    public float Top { get; }

    public float Bottom { get; }

    public float Left { get; }

    public float Right { get; }

    /// <summary>The area of the polygon with its corners at whole numbers, px².</summary>
    public double Area { get; }

    /// <summary>A corner towards 0 at whole numbers: overlaps are judged so, as in StarDist.</summary>
    public (int Row, int Column) Corner(int k)
    {
        int at = k == _rows.Length ? 0 : k;
        return ((int)_rows[at], (int)_columns[at]);
    }

    /// <summary>Whether the boxes around both meet.</summary>
    public bool Meets(StarPolygon other) =>
        other.Left <= Right && Left <= other.Right && other.Top <= Bottom && Top <= other.Bottom;

    /// <summary>Gives every pixel whose centre lies within, or on the outline, a label.</summary>
    /// <param name="down">Rows of the masks to one of the polygon's.</param>
    /// <param name="right">The same of columns.</param>
    public void Paint(LabelImage masks, int label, double down = 1, double right = 1)
    {
        (float[] rows, float[] columns) = (Scaled(_rows, down), Scaled(_columns, right));
        (int top, int bottom) = (Math.Max(0, (int)rows.Min()), Math.Min(masks.Height - 1, (int)Math.Ceiling(rows.Max())));
        (int first, int last) =
            (Math.Max(0, (int)columns.Min()), Math.Min(masks.Width - 1, (int)Math.Ceiling(columns.Max())));
        for (int y = top; y <= bottom; y++)
        {
            for (int x = first; x <= last; x++)
            {
                if (Holds(rows, columns, y, x))
                {
                    masks.Labels[(y * masks.Width) + x] = label;
                }
            }
        }
    }

    /// <summary>Places at another scale: centres of pixels lie at whole numbers at both.</summary>
    private static float[] Scaled(float[] places, double factor) =>
        factor == 1 ? places : [.. places.Select(p => (float)(((p + 0.5) * factor) - 0.5))];

    /// <summary>Counts the sides that a ray to the right crosses.</summary>
    private static bool Holds(float[] rows, float[] columns, int y, int x)
    {
        bool inside = false;
        for (int i = 0, j = rows.Length - 1; i < rows.Length; j = i++)
        {
            double cross = ((double)(columns[j] - columns[i]) * (y - rows[i])) - ((double)(x - columns[i]) * (rows[j] - rows[i]));
            bool between = Math.Min(rows[i], rows[j]) <= y && y <= Math.Max(rows[i], rows[j])
                && Math.Min(columns[i], columns[j]) <= x && x <= Math.Max(columns[i], columns[j]);
            if (cross == 0 && between)
            {
                return true;
            }

            if (rows[i] > y != rows[j] > y
                && x < (((double)(columns[j] - columns[i]) * (y - rows[i])) / (rows[j] - rows[i])) + columns[i])
            {
                inside = !inside;
            }
        }

        return inside;
    }
}
