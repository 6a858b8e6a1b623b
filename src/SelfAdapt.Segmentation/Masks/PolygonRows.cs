namespace SelfAdapt.Segmentation.Masks;

/// <summary>Where a polygon with corners at whole numbers crosses the middles of rows: its area shared with another.</summary>
internal sealed class PolygonRows
{
    private readonly int _top;
    private readonly float[][] _crossings;
    private readonly float[] _other;

    public PolygonRows(StarPolygon polygon)
    {
        _top = (int)Math.Floor(polygon.Top) - 1;
        _other = new float[Math.Max(8, 4 * polygon.Corners)];
        _crossings =
        [
            .. Enumerable.Range(_top, (int)Math.Ceiling(polygon.Bottom) - _top + 1)
                .Select(row => _other[..Cross(polygon, row, _other)]),
        ];
    }

    /// <summary>px², exact but where sides cross within a row.</summary>
    public double SharedArea(StarPolygon other)
    {
        double area = 0;
        int bottom = Math.Min(_top + _crossings.Length - 1, (int)Math.Ceiling(other.Bottom));
        for (int row = Math.Max(_top, (int)Math.Floor(other.Top) - 1); row <= bottom; row++)
        {
            float[] own = _crossings[row - _top];
            int count = own.Length == 0 ? 0 : Cross(other, row, _other);
            for (int i = 0; i + 1 < own.Length; i += 2)
            {
                for (int j = 0; j + 1 < count; j += 2)
                {
                    area += Math.Max(0, Math.Min(own[i + 1], _other[j + 1]) - Math.Max(own[i], _other[j]));
                }
            }
        }

        return area;
    }

    /// <summary>The columns at which the middle between a row and the next is crossed, in order.</summary>
    private static int Cross(StarPolygon polygon, int row, float[] columns)
    {
        int count = 0;
        for (int k = 0; k < polygon.Corners; k++)
        {
            ((int y, int x), (int nextY, int nextX)) = (polygon.Corner(k), polygon.Corner(k + 1));
            if (y <= row != nextY <= row)
            {
                float column = x + ((nextX - x) * (row + 0.5f - y) / (nextY - y));
                int at = count++;
                for (; at > 0 && columns[at - 1] > column; at--)
                {
                    columns[at] = columns[at - 1];
                }

                columns[at] = column;
            }
        }

        return count;
    }
}
