namespace SelfAdapt.Segmentation.Masks;

/// <summary>Finds polygons by their centres: those in squares of the largest radius lie beside each other.</summary>
internal sealed class PolygonGrid
{
    private readonly Dictionary<(int, int), List<int>> _squares = [];
    private readonly float _radius;
    private readonly int _side;

    public PolygonGrid(IReadOnlyList<StarPolygon> polygons)
    {
        _radius = polygons.Count == 0 ? 0 : polygons.Max(p => p.Radius);
        _side = Math.Max(1, (int)Math.Min(1 << 20, Math.Ceiling(_radius)));
        for (int i = 0; i < polygons.Count; i++)
        {
            (int, int) square = (polygons[i].Row / _side, polygons[i].Column / _side);
            if (!_squares.TryGetValue(square, out List<int>? list))
            {
                _squares.Add(square, list = []);
            }

            list.Add(i);
        }
    }

    /// <summary>All that can meet a polygon, and others, in no order.</summary>
    public IEnumerable<int> Around(StarPolygon polygon)
    {
        int reach = (int)Math.Ceiling((polygon.Radius + _radius) / _side);
        (int row, int column) = (polygon.Row / _side, polygon.Column / _side);
        for (int y = row - reach; y <= row + reach; y++)
        {
            for (int x = column - reach; x <= column + reach; x++)
            {
                foreach (int i in _squares.GetValueOrDefault((y, x)) ?? [])
                {
                    yield return i;
                }
            }
        }
    }
}
