using System;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Segmentation.Streaming;

/// <summary>
/// Finds how a channel is normalised from its rows in order: the very values and sums, in the same order, that
/// <see cref="IntensityScaling"/> takes from a whole plane.
/// </summary>
internal sealed class IntensityCollector
{
    private readonly SegmentationOptions _options;
    private readonly int _width;
    private readonly long _count;
    private readonly (int Y, int X) _steps;
    private readonly float[] _sample;
    private int _sampled;
    private int _row;
    private float _first;
    private bool _varies;
    private double _sum;
    private double _mean;
    private double _squares;

    public IntensityCollector(SegmentationOptions options, int height, int width)
    {
        (_options, _width, _count) = (options, width, (long)height * width);
        _steps = IntensityScaling.SampleSteps(height, width);
        _sample = options.Normalization == IntensityNormalization.Percentile
            ? new float[checked(Steps(height, _steps.Y) * Steps(width, _steps.X))]
            : [];
    }

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
        switch (_options.Normalization)
        {
            case IntensityNormalization.Percentile:
                for (; !rows.IsEmpty; rows = rows[_width..], _row++)
                {
                    for (int x = 0; _row % _steps.Y == 0 && x < _width; x += _steps.X)
                    {
                        _sample[_sampled++] = rows[x];
                    }
                }

                break;
            case IntensityNormalization.ZeroMeanUnitVariance:
                foreach (float value in rows)
                {
                    _sum += value;
                }

                _mean = _sum / _count;
                _row += rows.Length / _width;
                break;
            default:
                _row += rows.Length / _width;
                break;
        }
    }

    /// <summary>Whether all values are equal so far.</summary>
    public bool IsConstant => !_varies;

    /// <summary>The scale, once all rows were shown as often as needed.</summary>
    public ChannelScale Finish() => _options.Normalization switch
    {
        IntensityNormalization.Percentile => _varies
            ? IntensityScaling.Percentile(_sample, _options.Invert)
            : ChannelScale.None,
        IntensityNormalization.ZeroMeanUnitVariance =>
            IntensityScaling.ZeroMeanUnitVariance(_mean, _squares, _count, _options.Invert),
        _ => ChannelScale.None,
    };

    private void AddSquares(ReadOnlySpan<float> rows)
    {
        foreach (float value in rows)
        {
            _squares += (value - _mean) * (value - _mean);
        }
    }

    private static int Steps(int length, int step) => (length + step - 1) / step;
}
