using System;

namespace SelfAdapt.Segmentation.Preparation;

/// <summary>What normalisation does to every value of a channel.</summary>
internal readonly struct ChannelScale
{
    private readonly float _offset;
    private readonly float _divisor;
    private readonly bool _invert;
    private readonly float? _fill;

    private ChannelScale(float offset, float divisor, bool invert, float? fill) =>
        (_offset, _divisor, _invert, _fill) = (offset, divisor, invert, fill);

    /// <summary>Leaves values as they are.</summary>
    public static ChannelScale None { get; } = new(0, 0, false, null);

    /// <summary>Subtracts and divides.</summary>
    /// <param name="offset">What becomes 0.</param>
    /// <param name="divisor">The distance that becomes 1, above 0.</param>
    /// <param name="invert">Replaces x by 1 - x afterwards.</param>
    public static ChannelScale Affine(float offset, float divisor, bool invert) => new(offset, divisor, invert, null);

    /// <summary>Makes every value 0.</summary>
    /// <param name="invert">Replaces x by 1 - x afterwards.</param>
    public static ChannelScale Flat(bool invert) => new(0, 0, invert, invert ? 1f : 0f);

    public void Apply(Span<float> values)
    {
        if (_fill is { } fill)
        {
            values.Fill(fill);
        }
        else if (_divisor != 0)
        {
            for (int i = 0; i < values.Length; i++)
            {
                float value = (values[i] - _offset) / _divisor;
                values[i] = _invert ? 1f - value : value;
            }
        }
    }
}
