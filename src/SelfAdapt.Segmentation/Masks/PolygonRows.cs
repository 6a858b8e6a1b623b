namespace SelfAdapt.Segmentation.Masks;

/// <summary>
/// Where a polygon with corners at whole numbers crosses the middles of rows, in order: its area shared with another is that of
/// the stretches which both cover, exact but where sides cross within a row.
/// </summary>
internal sealed class PolygonRows
{
    private int _top;
    private int _corners;
    private int[] _counts = [];
    private float[] _columns = [];

    /// <summary>Takes up a polygon; room is kept from one to the next.</summary>
    public void Read(StarPolygon polygon)
    {
        _corners = polygon.Corners;
        (int top, int bottom) = (int.MaxValue, int.MinValue);
        for (int k = 0; k < _corners; k++)
        {
            int row = polygon.Corner(k).Row;
            (top, bottom) = (Math.Min(top, row), Math.Max(bottom, row));
        }

        (_top, int rows) = (top, bottom - top);
        if (_counts.Length != rows)
        {
            _counts = new int[rows];
        }

        Array.Clear(_counts);
        if (_columns.Length < rows * _corners)
        {
            _columns = new float[rows * _corners];
        }

        for (int k = 0; k < _corners; k++)
        {
            ((int y, int x), (int nextY, int nextX)) = (polygon.Corner(k), polygon.Corner(k + 1));
            float slope = y == nextY ? 0 : (nextX - x) / (float)(nextY - y);
            for (int row = Math.Min(y, nextY); row < Math.Max(y, nextY); row++)
            {
                Insert(row - _top, x + ((row + 0.5f - y) * slope));
            }
        }
    }

    /// <summary>px².</summary>
    public double SharedArea(PolygonRows other)
    {
        double area = 0;
        int bottom = Math.Min(_top + _counts.Length, other._top + other._counts.Length);
        for (int row = Math.Max(_top, other._top); row < bottom; row++)
        {
            ReadOnlySpan<float> own = Row(row);
            ReadOnlySpan<float> its = other.Row(row);
            for (int i = 0; i + 1 < own.Length; i += 2)
            {
                for (int j = 0; j + 1 < its.Length; j += 2)
                {
                    area += Math.Max(0, Math.Min(own[i + 1], its[j + 1]) - Math.Max(own[i], its[j]));
                }
            }
        }

        return area;
    }

    private ReadOnlySpan<float> Row(int row) => _columns.AsSpan((row - _top) * _corners, _counts[row - _top]);

    private void Insert(int row, float column)
    {
        Span<float> columns = _columns.AsSpan(row * _corners, _corners);
        int at = _counts[row]++;
        for (; at > 0 && columns[at - 1] > column; at--)
        {
            columns[at] = columns[at - 1];
        }

        columns[at] = column;
    }
}
