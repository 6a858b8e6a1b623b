using System;
using System.Collections.Generic;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine;

/// <summary>A flat run of numbers in a backend's memory, in plain row-major order.</summary>
internal abstract class DeviceVector : IDisposable
{
    /// <summary>Number of values.</summary>
    public abstract int Length { get; }

    /// <summary>Copies values from the host into the vector.</summary>
    /// <param name="source">At most <see cref="Length"/> - <paramref name="offset"/> values.</param>
    /// <param name="offset">First index written.</param>
    public abstract void Upload(ReadOnlySpan<float> source, int offset = 0);

    /// <summary>Copies values from the vector to the host. Waits for the device: not inside a step.</summary>
    /// <param name="target">Receives as many values as it is long.</param>
    /// <param name="offset">First index read.</param>
    public abstract void Download(Span<float> target, int offset = 0);

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

    /// <summary>A part of this vector.</summary>
    /// <param name="offset">First index.</param>
    /// <param name="length">Number of values.</param>
    public VectorSlice Slice(int offset, int length) => new(this, offset, length);

    /// <summary>All of it.</summary>
    public VectorSlice Whole => new(this, 0, Length);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the memory back.</summary>
    /// <param name="disposing">True from <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);
}

/// <summary>A contiguous part of a vector: one parameter among all of them, say.</summary>
/// <param name="Vector">The vector.</param>
/// <param name="Offset">First index.</param>
/// <param name="Length">Number of values.</param>
internal readonly record struct VectorSlice(DeviceVector Vector, int Offset, int Length);

/// <summary>An activation tensor in a backend's memory; its layout is the backend's own affair.</summary>
internal abstract class DeviceTensor : IDisposable
{
    /// <summary>Makes a tensor of a size.</summary>
    /// <param name="shape">The size.</param>
    protected DeviceTensor(TensorShape shape) => Shape = shape;

    /// <summary>The size.</summary>
    public TensorShape Shape { get; }

    /// <summary>Bytes it takes.</summary>
    public abstract long Bytes { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the memory back.</summary>
    /// <param name="disposing">True from <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);
}

/// <summary>A tensor's place in a block of memory.</summary>
/// <param name="Shape">Its size.</param>
/// <param name="Offset">Bytes before it.</param>
/// <param name="Bytes">Bytes it takes.</param>
internal readonly record struct TensorPlace(TensorShape Shape, long Offset, long Bytes)
{
    /// <summary>The first byte behind it.</summary>
    public long End => Offset + Bytes;
}

/// <summary>Tensors in one block of memory.</summary>
/// <param name="tensors">The tensors.</param>
/// <param name="memory">The block, or null where the tensors have memory of their own.</param>
/// <param name="bytes">Bytes taken.</param>
internal sealed class TensorBlock(IReadOnlyList<DeviceTensor> tensors, IDisposable? memory, long bytes) : IDisposable
{
    /// <summary>The tensors, in the order of their places.</summary>
    public IReadOnlyList<DeviceTensor> Tensors => tensors;

    /// <summary>Bytes taken.</summary>
    public long Bytes => bytes;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (DeviceTensor tensor in tensors)
        {
            tensor.Dispose();
        }

        memory?.Dispose();
    }
}
