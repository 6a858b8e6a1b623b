using System;

namespace SelfAdapt.Compute;

/// <summary>A flat run of numbers in a backend's memory, in plain row-major order.</summary>
public abstract class DeviceVector : IDisposable
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
public readonly record struct VectorSlice(DeviceVector Vector, int Offset, int Length);

/// <summary>An activation tensor in a backend's memory; its layout is the backend's own affair.</summary>
public abstract class DeviceTensor : IDisposable
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
