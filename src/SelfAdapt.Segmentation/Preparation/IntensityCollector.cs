namespace SelfAdapt.Segmentation.Preparation;

/// <summary>
/// Finds how a channel of an image, or of a stack of planes, is normalised (docs/cellpose.md 3.2, version 3.1) from its rows
/// in order, all at once or a few at a time: by percentiles the 1st becomes 0 and the 99th 1, without clipping; a channel without contrast is left as
/// it is (all values equal) or set to 0 (percentiles closer than 1e-3). By moments the mean becomes 0 and the
/// population standard deviation (plus 1e-6) 1.
/// </summary>
internal sealed class IntensityCollector
{
    private const double LowerPercent = 1;
    private const double UpperPercent = 99;
    private const double LeastRange = 1e-3;
    private const double VarianceGuard = 1e-6;

    // Larger channels are sampled for percentiles: planes, rows and columns at equal distances.
    private const int SubsampleSide = 224;
    private const int SubsamplePlanes = 50;
    private const long SubsampleAbove = (long)SubsampleSide * SubsampleSide * SubsampleSide;

    private readonly IntensityNormalization _normalization;
    private readonly bool _invert;
    private readonly int _height;
    private readonly int _width;
    private readonly long _count;
    private readonly (int Z, int Y, int X) _steps = (1, 1, 1);
    private readonly float[] _sample = [];
    private int _sampled;
    private int _row;
    private float _first;
    private bool _varies;
    private double _sum;
    private double _squares;

    public IntensityCollector(
        IntensityNormalization normalization, bool invert, int planes, int height, int width)
    {
        (_normalization, _invert, _height, _width) = (normalization, invert, height, width);
        _count = (long)planes * height * width;
        if (_count > SubsampleAbove)
        {
            _steps = (Math.Max(1, planes / SubsamplePlanes), Math.Max(1, height / SubsampleSide),
                Math.Max(1, width / SubsampleSide));
        }

        if (normalization == IntensityNormalization.Percentile)
        {
            _sample = new float[
                checked(Steps(planes, _steps.Z) * Steps(height, _steps.Y) * Steps(width, _steps.X))];
        }
    }

    /// <summary>Whether all values are equal so far.</summary>
    public bool IsConstant => !_varies;

    private double Mean => _sum / _count;

    /// <summary>How often all rows must be shown.</summary>
    public static int Passes(IntensityNormalization normalization) =>
        normalization == IntensityNormalization.ZeroMeanUnitVariance ? 2 : 1;

    public void Add(ReadOnlySpan<float> rows, int pass)
    {
        if (pass == 1)
        {
            AddSquares(rows);
            return;
        }

        _first = _row == 0 ? rows[0] : _first;
        _varies |= rows.ContainsAnyExcept(_first);
        if (_normalization == IntensityNormalization.ZeroMeanUnitVariance)
        {
            foreach (float value in rows)
            {
                _sum += value;
            }
        }

        for (; !rows.IsEmpty; rows = rows[_width..], _row++)
        {
            if (_normalization == IntensityNormalization.Percentile && _row % _height % _steps.Y == 0
                && _row / _height % _steps.Z == 0)
            {
                Sample(rows[.._width]);
            }
        }
    }

    /// <summary>The scale, once all rows were shown as often as needed.</summary>
    public ChannelScale Finish() => _normalization switch
    {
        IntensityNormalization.Percentile when _varies => ByPercentiles(),
        IntensityNormalization.ZeroMeanUnitVariance => new ChannelScale(
            (float)Mean, (float)(Math.Sqrt(_squares / _count) + VarianceGuard), _invert),
        _ => ChannelScale.None,
    };

    private ChannelScale ByPercentiles()
    {
        double low = OrderStatistics.Percentile(_sample, LowerPercent);
        double high = OrderStatistics.Percentile(_sample, UpperPercent);
        return high - low > LeastRange
            ? new ChannelScale((float)low, (float)(high - low), _invert)
            : ChannelScale.Flat(_invert);
    }

    private void Sample(ReadOnlySpan<float> row)
    {
        if (_steps.X == 1)
        {
            row.CopyTo(_sample.AsSpan(_sampled));
            _sampled += row.Length;
            return;
        }

        for (int x = 0; x < row.Length; x += _steps.X)
        {
            _sample[_sampled++] = row[x];
        }
    }

    private void AddSquares(ReadOnlySpan<float> rows)
    {
        double mean = Mean;
        foreach (float value in rows)
        {
            _squares += (value - mean) * (value - mean);
        }
    }

    private static int Steps(int length, int step) => (length + step - 1) / step;
}
