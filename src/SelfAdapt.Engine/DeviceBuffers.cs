using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine;

/// <summary>A flat run of numbers in a backend's memory, in plain row-major order.</summary>
internal abstract class DeviceVector : IDisposable
{
    public abstract int Length { get; }

    public abstract void Upload(ReadOnlySpan<float> source, int offset = 0);

    /// <summary>Copies values from the vector to the host. Waits for the device: not inside a step.</summary>
    public abstract void Download(Span<float> target, int offset = 0);

    public float[] Download()
    {
        float[] values = new float[Length];
        Download(values);
        return values;
    }

    /// <summary>
    /// Copies values from the host while the device works, once what was queued before the last <see cref="Release"/>
    /// is done. Whoever reads them calls <see cref="Await"/> first. <see cref="BatchFeed"/> does all three.
    /// </summary>
    /// <param name="source">At most <see cref="Length"/> values; they may change as soon as this returns.</param>
    internal virtual void UploadBeside(ReadOnlySpan<float> source) => Upload(source);

    /// <summary>What is queued from now on sees what <see cref="UploadBeside"/> brought.</summary>
    internal virtual void Await()
    {
    }

    /// <summary>What was queued until now is the last that needs the present values.</summary>
    internal virtual void Release()
    {
    }

    public VectorSlice Slice(int offset, int length) => new(this, offset, length);

    public VectorSlice Whole => new(this, 0, Length);

    public abstract void Dispose();
}

/// <summary>A contiguous part of a vector: one parameter among all of them, say.</summary>
internal readonly record struct VectorSlice(DeviceVector Vector, int Offset, int Length);

/// <summary>An activation tensor in a backend's memory; its layout is the backend's own affair.</summary>
internal abstract class DeviceTensor(TensorShape shape) : IDisposable
{
    public TensorShape Shape => shape;

    public abstract long Bytes { get; }

    public abstract void Dispose();
}

/// <summary>A tensor's place in a block of memory.</summary>
internal readonly record struct TensorPlace(TensorShape Shape, long Offset, long Bytes)
{
    public long End => Offset + Bytes;
}

/// <param name="memory">The block, or null where the tensors have memory of their own.</param>
internal sealed class TensorBlock(IReadOnlyList<DeviceTensor> tensors, IDisposable? memory, long bytes) : IDisposable
{
    public IReadOnlyList<DeviceTensor> Tensors => tensors;

    public long Bytes => bytes;

    public void Dispose()
    {
        foreach (DeviceTensor tensor in tensors)
        {
            tensor.Dispose();
        }

        memory?.Dispose();
    }
}
