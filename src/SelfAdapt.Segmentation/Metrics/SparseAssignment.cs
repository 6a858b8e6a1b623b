namespace SelfAdapt.Segmentation.Metrics;

/// <summary>
/// The matching of rows to columns with the largest total weight, where only few pairs have a weight; rows
/// and columns may stay alone. Shortest augmenting paths with node prices, one row after the other.
/// </summary>
internal sealed class SparseAssignment
{
    private readonly List<(int Column, double Cost)>[] _edges;
    private readonly double[] _rowPrice;
    private readonly double[] _columnPrice;
    private readonly int[] _rowOfColumn;
    private readonly int[] _columnOfRow;
    private readonly int[] _reachedFrom;
    private readonly double[] _distance;
    private readonly List<int> _reached = [];
    private readonly List<int> _settled = [];
    private readonly PriorityQueue<int, double> _open = new();

    private SparseAssignment(int rows, int columns, IEnumerable<(int Row, int Column, double Weight)> pairs)
    {
        // Column "columns + row" stands for "this row stays alone" and costs nothing.
        _edges = new List<(int, double)>[rows];
        for (int row = 0; row < rows; row++)
        {
            _edges[row] = [(columns + row, 0.0)];
        }

        _rowPrice = new double[rows];
        foreach ((int row, int column, double weight) in pairs)
        {
            _edges[row].Add((column, -weight));
            _rowPrice[row] = Math.Min(_rowPrice[row], -weight);
        }

        _columnPrice = new double[rows + columns];
        _rowOfColumn = new int[rows + columns];
        _columnOfRow = new int[rows];
        _reachedFrom = new int[rows + columns];
        _distance = new double[rows + columns];
        Array.Fill(_rowOfColumn, -1);
        Array.Fill(_columnOfRow, -1);
        Array.Fill(_distance, double.PositiveInfinity);
    }

    /// <param name="pairs">Pairs with a positive weight, each at most once.</param>
    /// <returns>For each row its column, or -1 when it stays alone.</returns>
    public static int[] Solve(
        int rows, int columns, IEnumerable<(int Row, int Column, double Weight)> pairs)
    {
        SparseAssignment assignment = new(rows, columns, pairs);
        for (int row = 0; row < rows; row++)
        {
            assignment.AddRow(row);
        }

        return Array.ConvertAll(assignment._columnOfRow, column => column < columns ? column : -1);
    }

    private void AddRow(int start)
    {
        Reach(start, 0);
        int free = -1;
        double length = 0;
        while (free < 0)
        {
            _open.TryDequeue(out int column, out length);
            if (length > _distance[column])
            {
                continue;
            }

            if (_rowOfColumn[column] < 0)
            {
                free = column;
            }
            else
            {
                _settled.Add(column);
                Reach(_rowOfColumn[column], length);
            }
        }

        UpdatePrices(start, length);
        for (int column = free; column >= 0;)
        {
            int row = _reachedFrom[column];
            (_rowOfColumn[column], int previous) = (row, _columnOfRow[row]);
            _columnOfRow[row] = column;
            column = previous;
        }

        Forget();
    }

    private void Reach(int row, double soFar)
    {
        foreach ((int column, double cost) in _edges[row])
        {
            double distance = soFar + Math.Max(0, cost - _rowPrice[row] - _columnPrice[column]);
            if (distance < _distance[column])
            {
                if (double.IsPositiveInfinity(_distance[column]))
                {
                    _reached.Add(column);
                }

                (_distance[column], _reachedFrom[column]) = (distance, row);
                _open.Enqueue(column, distance);
            }
        }
    }

    private void UpdatePrices(int start, double length)
    {
        _rowPrice[start] += length;
        foreach (int column in _settled)
        {
            _columnPrice[column] += _distance[column] - length;
            _rowPrice[_rowOfColumn[column]] += length - _distance[column];
        }
    }

    private void Forget()
    {
        foreach (int column in _reached)
        {
            _distance[column] = double.PositiveInfinity;
        }

        _reached.Clear();
        _settled.Clear();
        _open.Clear();
    }
}
