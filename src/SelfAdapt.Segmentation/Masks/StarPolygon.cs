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
    public (int Row, int Column) Corner(int k) => ((int)_rows[k % _rows.Length], (int)_columns[k % _rows.Length]);

    /// <summary>Whether the boxes around both meet.</summary>
    public bool Meets(StarPolygon other) =>
        other.Left <= Right && Left <= other.Right && other.Top <= Bottom && Top <= other.Bottom;

    /// <summary>Gives every pixel whose centre lies within, or on the outline, a label.</summary>
    public void Paint(LabelImage masks, int label)
    {
        (int top, int bottom) = (Math.Max(0, (int)Top), Math.Min(masks.Height - 1, (int)Math.Ceiling(Bottom)));
        (int left, int right) = (Math.Max(0, (int)Left), Math.Min(masks.Width - 1, (int)Math.Ceiling(Right)));
        for (int y = top; y <= bottom; y++)
        {
            for (int x = left; x <= right; x++)
            {
                if (Holds(y, x))
                {
                    masks.Labels[(y * masks.Width) + x] = label;
                }
            }
        }
    }

    /// <summary>Counts the sides that a ray to the right crosses.</summary>
    private bool Holds(int y, int x)
    {
        bool inside = false;
        for (int i = 0, j = _rows.Length - 1; i < _rows.Length; j = i++)
        {
            double cross = ((double)(_columns[j] - _columns[i]) * (y - _rows[i])) - ((double)(x - _columns[i]) * (_rows[j] - _rows[i]));
            bool between = Math.Min(_rows[i], _rows[j]) <= y && y <= Math.Max(_rows[i], _rows[j])
                && Math.Min(_columns[i], _columns[j]) <= x && x <= Math.Max(_columns[i], _columns[j]);
            if (cross == 0 && between)
            {
                return true;
            }

            if (_rows[i] > y != _rows[j] > y
                && x < (((double)(_columns[j] - _columns[i]) * (y - _rows[i])) / (_rows[j] - _rows[i])) + _columns[i])
            {
                inside = !inside;
            }
        }

        return inside;
    }
}
