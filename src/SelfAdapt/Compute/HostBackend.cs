using System;
using System.Numerics;

namespace SelfAdapt.Compute;

/// <summary>
/// A backend whose vectors lie in the host's memory. The adaptation's vector ops are written once, for both the
/// reference (double) and the cpu (float) backend: next to the convolutions their cost does not show.
/// </summary>
/// <typeparam name="T">The number type.</typeparam>
public abstract partial class HostBackend<T> : Backend
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public override DeviceVector CreateVector(int length) => new HostVector<T>(length);

    /// <inheritdoc/>
    public override void Fill(DeviceVector target, float value) =>
        Values(target).Fill(T.CreateTruncating(value));

    /// <inheritdoc/>
    public override void Copy(DeviceVector source, DeviceVector target) => Values(source).CopyTo(Values(target));

    /// <inheritdoc/>
    public override void MoveTowards(DeviceVector target, DeviceVector source, float keep)
    {
        Span<T> t = Values(target);
        ReadOnlySpan<T> s = Values(source);
        T k = T.CreateTruncating(keep);
        for (int i = 0; i < t.Length; i++)
        {
            t[i] = (k * t[i]) + ((T.One - k) * s[i]);
        }
    }

    /// <summary>The values of one of this backend's vectors.</summary>
    private protected static Span<T> Values(DeviceVector vector) => ((HostVector<T>)vector).Data;

    /// <summary>The values of a part of one of this backend's vectors.</summary>
    private protected static Span<T> Values(VectorSlice slice) =>
        ((HostVector<T>)slice.Vector).Data.AsSpan(slice.Offset, slice.Length);
}
