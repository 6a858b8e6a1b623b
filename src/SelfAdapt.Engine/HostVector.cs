using System.Numerics;
using System.Runtime.InteropServices;

namespace SelfAdapt.Engine;

/// <typeparam name="T">double for the reference backend, float for the cpu backend.</typeparam>
internal sealed class HostVector<T>(int length) : DeviceVector
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Pinned, so that kernels can hold pointers into it.</summary>
    public T[] Data { get; } = GC.AllocateArray<T>(length, pinned: true);

    public override int Length => Data.Length;

    public override void Upload(ReadOnlySpan<float> source, int offset = 0)
    {
        Span<T> target = Data.AsSpan(offset, source.Length);
        if (typeof(T) == typeof(float))
        {
            source.CopyTo(MemoryMarshal.Cast<T, float>(target));
            return;
        }

        for (int i = 0; i < source.Length; i++)
        {
            target[i] = T.CreateTruncating(source[i]);
        }
    }

    public override void Download(Span<float> target, int offset = 0)
    {
        ReadOnlySpan<T> source = Data.AsSpan(offset, target.Length);
        if (typeof(T) == typeof(float))
        {
            MemoryMarshal.Cast<T, float>(source).CopyTo(target);
            return;
        }

        for (int i = 0; i < target.Length; i++)
        {
            target[i] = float.CreateTruncating(source[i]);
        }
    }

    public override void Dispose()
    {
        // Managed memory: the collector takes it back.
    }
}
