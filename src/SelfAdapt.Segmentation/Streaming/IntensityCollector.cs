using System;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Segmentation.Streaming;

/// <summary>
/// Finds how a channel is normalised from its rows in order, those of an image or of a stack of planes: the very values
/// and sums, in the same order, that <see cref="IntensityScaling"/> takes from a whole plane.
/// </summary>
internal sealed class IntensityCollector
{
    private readonly SegmentationOptions _options;
    private readonly int _height;
    private readonly int _width;
    private readonly long _count;
    private readonly (int Z, int Y, int X) _steps;
    private readonly float[] _sample;
    private int _sampled;
    private int _row;
    private float _first;
    private bool _varies;
    private double _sum;
    private double _mean;
    private double _squares;

    /// <summary>Starts.</summary>
    /// <param name="options">How intensities are normalised.</param>
    /// <param name="planes">Planes of the stack; 1 for an image.</param>
    /// <param name="height">Rows of a plane.</param>
    public IntensityCollector(SegmentationOptions options, int planes, int height, int width)
    {
        (_options, _height, _width, _count) = (options, height, width, (long)planes * height * width);
        _steps = IntensityScaling.SampleSteps(planes, height, width);
        _sample = options.Normalization == IntensityNormalization.Percentile
            ? new float[checked(Steps(planes, _steps.Z) * Steps(height, _steps.Y) * Steps(width, _steps.X))]
            : [];
    }

    /// <summary>How often all rows must be shown.</summary>
    /// <param name="normalization">How intensities are normalised.</param>
    public static int Passes(IntensityNormalization normalization) =>
        normalization == IntensityNormalization.ZeroMeanUnitVariance ? 2 : 1;

    /// <summary>Takes the next rows.</summary>
    /// <param name="rows">[rows, width].</param>
    /// <param name="pass">0 or 1.</param>
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
                    bool taken = _row % _height % _steps.Y == 0 && _row / _height % _steps.Z == 0;
                    for (int x = 0; taken && x < _width; x += _steps.X)
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
