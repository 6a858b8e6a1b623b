using System.Numerics;
using System.Runtime.CompilerServices;

namespace SelfAdapt.Engine;

/// <summary>
/// A backend whose vectors lie in the host's memory. The adaptation's vector ops are written once, for both the
/// reference (double) and the cpu (float) backend: next to the convolutions their cost does not show.
/// </summary>
internal abstract partial class HostBackend<T> : Backend, IAdaptationSteps
    where T : unmanaged, IFloatingPointIeee754<T>
{
    internal override IAdaptationSteps Steps => this;

    internal override DeviceVector CreateVector(int length) => new HostVector<T>(length);

    public void Fill(DeviceVector target, float value) =>
        Values(target).Fill(T.CreateTruncating(value));

    public void Copy(VectorSlice source, VectorSlice target) => Values(source).CopyTo(Values(target));

    public void MoveTowards(DeviceVector target, DeviceVector source, float keep)
    {
        Span<T> t = Values(target);
        ReadOnlySpan<T> s = Values(source);
        T share = T.One - T.CreateTruncating(keep);
        for (int i = 0; i < t.Length; i++)
        {
            t[i] += share * (s[i] - t[i]);
        }
    }

    /// <summary>
    /// Runs body(0) .. body(count - 1), each once, in any order and on any thread, and waits for all. For equal
    /// results on every machine a task writes places of its own, and what tasks add up is summed in their order.
    /// </summary>
    private protected virtual void For(int count, Action<int> body)
    {
        for (int i = 0; i < count; i++)
        {
            body(i);
        }
    }

    /// <summary>Adds what tasks have summed, first to last.</summary>
    private protected static double SumInOrder(ReadOnlySpan<double> parts)
    {
        double sum = 0;
        foreach (double part in parts)
        {
            sum += part;
        }

        return sum;
    }

    /// <summary>The values of one of this backend's vectors, for tasks, which can't hold a span.</summary>
    private protected static T[] Data(DeviceVector vector) => ((HostVector<T>)vector).Data;

    private protected static Span<T> Values(DeviceVector vector) => Data(vector);

    private protected static Span<T> Values(VectorSlice slice) =>
        ((HostVector<T>)slice.Vector).Data.AsSpan(slice.Offset, slice.Length);

    /// <summary>
    /// The value as a double. The generic CreateTruncating is not inlined in longer loops and costs several times
    /// their arithmetic there.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected static double ToDouble(T value) =>
        typeof(T) == typeof(float) ? Unsafe.BitCast<T, float>(value) :
        typeof(T) == typeof(double) ? Unsafe.BitCast<T, double>(value) :
        double.CreateTruncating(value);

    /// <summary>The value rounded to T.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected static T FromDouble(double value) =>
        typeof(T) == typeof(float) ? Unsafe.BitCast<float, T>((float)value) :
        typeof(T) == typeof(double) ? Unsafe.BitCast<double, T>(value) :
        T.CreateTruncating(value);
}
