using ILGPU;
using SelfAdapt.Engine;

namespace SelfAdapt.Gpu;

internal sealed class GpuVector(IGpuDevice device, int length) : DeviceVector
{
    private readonly GpuMemory _memory = new(device, length);
    private GpuMemory? _lanes;

    // Fences: what used the values is done; new ones have come.
    private (nint Free, nint Ready)? _fences;

    public override int Length => length;

    public ArrayView<float> View(int offset, int count) => _memory.View(offset, count);

    /// <summary>
    /// Where a vector holds what a normalisation saved: the same in the form that kernels read, four numbers per
    /// channel.
    /// </summary>
    public ArrayView<float> Factors(int pitch)
    {
        _lanes ??= new GpuMemory(device, 4L * pitch);
        return _lanes.View(0, 4L * pitch);
    }

    public override void Upload(ReadOnlySpan<float> source, int offset = 0)
    {
        RequireRoom(source.Length, offset);
        device.Upload(source, View(offset, source.Length));
    }

    public override void Download(Span<float> target, int offset = 0)
    {
        RequireRoom(target.Length, offset);
        device.Download(View(offset, target.Length), target);
    }

    public override void Dispose()
    {
        if (_fences is { } fences)
        {
            _fences = null;
            device.DestroyFence(fences.Free);
            device.DestroyFence(fences.Ready);
        }

        _memory.Dispose();
        _lanes?.Dispose();
    }

    internal override void UploadBeside(ReadOnlySpan<float> source)
    {
        RequireRoom(source.Length, 0);
        (nint free, nint ready) = Fences();
        device.UploadBeside(source, View(0, source.Length), free, ready);
    }

    internal override void Await() => device.Await(Fences().Ready);

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
