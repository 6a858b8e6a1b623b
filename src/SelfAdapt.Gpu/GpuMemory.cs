using System;
using System.Runtime.InteropServices;
using SelfAdapt.Engine;

namespace SelfAdapt.Gpu;

/// <summary>A zeroed block of a device's memory.</summary>
internal sealed class GpuMemory : IDisposable
{
    private readonly IGpuDevice _device;
    private bool _freed;

    /// <summary>Takes it.</summary>
    /// <param name="device">The device.</param>
    /// <param name="bytes">Its size.</param>
    public GpuMemory(IGpuDevice device, long bytes)
    {
        (_device, Bytes) = (device, bytes);
        Address = device.Allocate(Math.Max(1, bytes));
    }

    /// <summary>Its first byte.</summary>
    public ulong Address { get; }

    /// <summary>Its size.</summary>
    public long Bytes { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_freed)
        {
            _freed = true;
            _device.Free(Address);
        }
    }
}

/// <summary>A vector of floats in a device's memory.</summary>
internal sealed class GpuVector(IGpuDevice device, int length) : DeviceVector
{
    private readonly GpuMemory _memory = new(device, (long)length * sizeof(float));
    private GpuMemory? _lanes;

    // Fences: what used the values is done; new ones have come.
    private (nint Free, nint Ready)? _fences;

    /// <inheritdoc/>
    public override int Length => length;

    /// <summary>Where a part of it lies.</summary>
    /// <param name="offset">First index.</param>
    /// <param name="count">Number of values.</param>
    public GpuView View(int offset, int count) => new(_memory.Address + ((ulong)offset * sizeof(float)), count);

    /// <summary>
    /// Where a vector holds what a normalisation saved: the same in the form that kernels read, four numbers per
    /// channel.
    /// </summary>
    /// <param name="pitch">Channels and their padding.</param>
    public GpuView Lanes(int pitch)
    {
        _lanes ??= new GpuMemory(device, 4L * pitch * sizeof(float));
        return new GpuView(_lanes.Address, 4L * pitch);
    }

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<float> source, int offset = 0)
    {
        RequireRoom(source.Length, offset);
        device.Upload(MemoryMarshal.AsBytes(source), View(offset, source.Length).Address);
    }

    /// <inheritdoc/>
    public override void Download(Span<float> target, int offset = 0)
    {
        RequireRoom(target.Length, offset);
        device.Download(View(offset, target.Length).Address, MemoryMarshal.AsBytes(target));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (_fences is { } fences)
            {
                device.DestroyFence(fences.Free);
                device.DestroyFence(fences.Ready);
            }

            _memory.Dispose();
            _lanes?.Dispose();
        }
    }

    /// <inheritdoc/>
    internal override void UploadBeside(ReadOnlySpan<float> source)
    {
        RequireRoom(source.Length, 0);
        (nint free, nint ready) = Fences();
        device.UploadBeside(MemoryMarshal.AsBytes(source), _memory.Address, free, ready);
    }

    /// <inheritdoc/>
    internal override void Await() => device.Await(Fences().Ready);

    /// <inheritdoc/>
    internal override void Release() => device.Signal(Fences().Free);

    private (nint Free, nint Ready) Fences()
    {
        if (_fences is null)
        {
            _fences = (device.CreateFence(), device.CreateFence());

            // The vector's own clearing is among what was queued before.
            Release();
        }

        return _fences.Value;
    }

    private void RequireRoom(int count, int offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, length - offset);
    }
}
