using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace SelfAdapt.Gpu;

/// <summary>
/// A stream, with pinned host memory for its copies in two halves: one half is filled while the other is copied.
/// </summary>
internal sealed unsafe class CopyQueue : IDisposable
{
    private const int HalfWords = 1 << 20;

    private static readonly CudaAPI Driver = CudaAPI.CurrentAPI;

    private readonly string _deviceName;
    private readonly nint[] _staging = new nint[2];
    private readonly nint[] _copied = new nint[2];
    private readonly bool[] _inFlight = new bool[2];
    private int _next;

    public CopyQueue(CudaStream stream, string deviceName)
    {
        (Stream, _deviceName) = (stream, deviceName);
        try
        {
            for (int half = 0; half < _staging.Length; half++)
            {
                Check(
                    Driver.AllocateHostMemory(out _staging[half], HalfWords * sizeof(float)),
                    "take pinned host memory");
                Check(
                    Driver.CreateEvent(out _copied[half], CudaEventFlags.CU_EVENT_DISABLE_TIMING), "make an event");
            }
        }
        catch (SelfAdaptException)
        {
            Dispose();
            throw;
        }
    }

    public CudaStream Stream { get; }

    /// <summary>Queues a copy from the host; the source may change as soon as this returns.</summary>
    public void Upload(ReadOnlySpan<float> source, ArrayView<float> target)
    {
        for (int at = 0; at < source.Length; at += HalfWords)
        {
            ReadOnlySpan<float> part = source.Slice(at, Math.Min(HalfWords, source.Length - at));
            int half = TakeHalf();
            part.CopyTo(Staging(half));
            Copy(_staging[half], AddressOf(target) + (at * sizeof(float)), part.Length, "copy to the GPU");
            Check(Driver.RecordEvent(_copied[half], Stream.StreamPtr), "record an event");
            _inFlight[half] = true;
        }
    }

    /// <summary>Copies to the host, after everything queued before.</summary>
    public void Download(ArrayView<float> source, Span<float> target)
    {
        for (int at = 0; at < target.Length; at += HalfWords)
        {
            Span<float> part = target.Slice(at, Math.Min(HalfWords, target.Length - at));
            int half = TakeHalf();
            Copy(AddressOf(source) + (at * sizeof(float)), _staging[half], part.Length, "copy from the GPU");
            Check(Driver.SynchronizeStream(Stream.StreamPtr), "finish what it was given");
            Staging(half)[..part.Length].CopyTo(part);
        }
    }

    public void Dispose()
    {
        // Whatever fails here fails because something failed before, and that has been told.
        _ = Driver.SynchronizeStream(Stream.StreamPtr);
        for (int half = 0; half < _staging.Length; half++)
        {
            _ = _copied[half] == 0 ? 0 : Driver.DestroyEvent(_copied[half]);
            _ = _staging[half] == 0 ? 0 : Driver.FreeHostMemory(_staging[half]);
        }
    }

    private static nint AddressOf(ArrayView<float> view) => view.LoadEffectiveAddressAsPtr();

    private Span<float> Staging(int half) => new((void*)_staging[half], HalfWords);

    private void Copy(nint source, nint target, int words, string doing) =>
        Check(Driver.MemcpyAsync(target, source, (nint)words * sizeof(float), Stream), doing);

    /// <summary>The half of the pinned memory that has been idle longer, once it is idle.</summary>
    private int TakeHalf()
    {
        int half = _next;
        _next = 1 - half;
        if (_inFlight[half])
        {
            Check(Driver.SynchronizeEvent(_copied[half]), "finish a copy");
            _inFlight[half] = false;
        }

        return half;
    }

    private void Check(CudaError result, string doing) => GpuError.Check(result, _deviceName, doing);
}
