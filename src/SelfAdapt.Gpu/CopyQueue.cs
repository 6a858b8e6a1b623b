using System;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace SelfAdapt.Gpu;

/// <summary>
/// A stream, with pinned host memory for its copies in two halves: one half is filled while the other is copied.
/// </summary>
internal sealed class CopyQueue : IDisposable
{
    private const int HalfWords = 1 << 20;

    private static readonly CudaAPI Driver = CudaAPI.CurrentAPI;

    private readonly string _deviceName;
    private readonly Half[] _halves;
    private int _next;

    /// <summary>Takes the pinned memory.</summary>
    /// <param name="accelerator">The GPU.</param>
    /// <param name="stream">The stream, which the queue disposes.</param>
    /// <param name="deviceName">For errors.</param>
    /// <exception cref="SelfAdaptException">The driver can't.</exception>
    public CopyQueue(CudaAccelerator accelerator, CudaStream stream, string deviceName)
    {
        (Stream, _deviceName) = (stream, deviceName);
        try
        {
            _halves = [Create(), Create()];
        }
        catch (Exception e) when (GpuError.IsOfDevice(e))
        {
            throw GpuError.Of(deviceName, "take pinned host memory", e);
        }

        Half Create()
        {
            Check(Driver.CreateEvent(out nint copied, CudaEventFlags.CU_EVENT_DISABLE_TIMING), "make an event");
            return new Half(accelerator.AllocatePageLocked1D<float>(HalfWords), copied);
        }
    }

    /// <summary>The stream.</summary>
    public CudaStream Stream { get; }

    /// <summary>Queues a copy from the host; the source may change as soon as this returns.</summary>
    /// <param name="source">The words.</param>
    /// <param name="target">As long.</param>
    public void Upload(ReadOnlySpan<float> source, ArrayView<float> target)
    {
        for (int at = 0; at < source.Length; at += HalfWords)
        {
            ReadOnlySpan<float> part = source.Slice(at, Math.Min(HalfWords, source.Length - at));
            Half half = TakeHalf();
            part.CopyTo(half.Memory.Span);
            Copy(half.Memory.ArrayView, target.SubView(at, part.Length), part.Length, "copy to the GPU");
            Check(Driver.RecordEvent(half.Copied, Stream.StreamPtr), "record an event");
            half.InFlight = true;
        }
    }

    /// <summary>Copies to the host, after everything queued before.</summary>
    /// <param name="source">What is read.</param>
    /// <param name="target">As long.</param>
    public void Download(ArrayView<float> source, Span<float> target)
    {
        for (int at = 0; at < target.Length; at += HalfWords)
        {
            Span<float> part = target.Slice(at, Math.Min(HalfWords, target.Length - at));
            Half half = TakeHalf();
            Copy(source.SubView(at, part.Length), half.Memory.ArrayView, part.Length, "copy from the GPU");
            Check(Driver.SynchronizeStream(Stream.StreamPtr), "finish what it was given");
            half.Memory.Span[..part.Length].CopyTo(part);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Whatever fails here fails because something failed before, and that has been told.
        _ = Driver.SynchronizeStream(Stream.StreamPtr);
        foreach (Half half in _halves)
        {
            _ = Driver.DestroyEvent(half.Copied);
            half.Memory.Dispose();
        }

        Stream.Dispose();
    }

    private void Copy(ArrayView<float> source, ArrayView<float> target, long words, string doing) => Check(
        Driver.MemcpyAsync(
            target.LoadEffectiveAddressAsPtr(), source.LoadEffectiveAddressAsPtr(), (nint)(words * sizeof(float)),
            Stream),
        doing);

    /// <summary>The half of the pinned memory that has been idle longer, once it is idle.</summary>
    private Half TakeHalf()
    {
        Half half = _halves[_next];
        _next = 1 - _next;
        if (half.InFlight)
        {
            Check(Driver.SynchronizeEvent(half.Copied), "finish a copy");
            half.InFlight = false;
        }

        return half;
    }

    private void Check(CudaError result, string doing)
    {
        if (result != CudaError.CUDA_SUCCESS)
        {
            throw GpuError.Of(_deviceName, doing, result);
        }
    }

    private sealed class Half(PageLockedArray1D<float> memory, nint copied)
    {
        public PageLockedArray1D<float> Memory => memory;

        /// <summary>The event behind its last copy.</summary>
        public nint Copied => copied;

        public bool InFlight { get; set; }
    }
}
