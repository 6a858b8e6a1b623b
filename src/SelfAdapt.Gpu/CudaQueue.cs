using System;

namespace SelfAdapt.Gpu;

/// <summary>
/// A stream of the driver, with pinned host memory for its copies in two halves: one half is filled while the other is
/// copied.
/// </summary>
internal sealed unsafe class CudaQueue(ICudaDriver driver, string deviceName) : IDisposable
{
    private const int HalfBytes = 4 << 20;

    private readonly nint[] _staging = new nint[2];
    private readonly nint[] _staged = new nint[2];
    private readonly bool[] _inFlight = new bool[2];
    private nint _stream;
    private int _nextHalf;

    /// <summary>The driver's handle.</summary>
    public nint Stream => _stream;

    /// <summary>Makes stream and memory; what was made before an error <see cref="Dispose"/> gives back.</summary>
    /// <exception cref="SelfAdaptException">The driver can't.</exception>
    public void Open()
    {
        Check(driver.CreateStream(out _stream), "make a stream");
        for (int half = 0; half < _staging.Length; half++)
        {
            Check(driver.AllocateHost(HalfBytes, out _staging[half]), "take pinned host memory");
            Check(driver.CreateEvent(out _staged[half]), "make an event");
        }
    }

    /// <summary>Queues a copy from the host; the source may change as soon as this returns.</summary>
    /// <param name="source">The bytes.</param>
    /// <param name="target">First byte written.</param>
    public void Upload(ReadOnlySpan<byte> source, ulong target)
    {
        for (int at = 0; at < source.Length; at += HalfBytes)
        {
            ReadOnlySpan<byte> part = source.Slice(at, Math.Min(HalfBytes, source.Length - at));
            int half = TakeHalf();
            part.CopyTo(new Span<byte>((void*)_staging[half], HalfBytes));
            Check(driver.CopyToDevice(target + (ulong)at, _staging[half], part.Length, _stream), "copy to the GPU");
            Check(driver.RecordEvent(_staged[half], _stream), "record an event");
            _inFlight[half] = true;
        }
    }

    /// <summary>Copies to the host, after everything queued before.</summary>
    /// <param name="source">First byte read.</param>
    /// <param name="target">Receives as many bytes as it is long.</param>
    public void Download(ulong source, Span<byte> target)
    {
        for (int at = 0; at < target.Length; at += HalfBytes)
        {
            Span<byte> part = target.Slice(at, Math.Min(HalfBytes, target.Length - at));
            int half = TakeHalf();
            Check(driver.CopyToHost(_staging[half], source + (ulong)at, part.Length, _stream), "copy from the GPU");
            Wait();
            new ReadOnlySpan<byte>((void*)_staging[half], part.Length).CopyTo(part);
        }
    }

    /// <summary>Waits until everything queued is done.</summary>
    public void Wait() => Check(driver.WaitForStream(_stream), "finish what it was given");

    /// <inheritdoc/>
    public void Dispose()
    {
        // Whatever fails here fails because something failed before, and that has been told.
        if (_stream != 0)
        {
            _ = driver.WaitForStream(_stream);
        }

        for (int half = 0; half < _staging.Length; half++)
        {
            _ = _staged[half] == 0 ? 0 : driver.DestroyEvent(_staged[half]);
            _ = _staging[half] == 0 ? 0 : driver.FreeHost(_staging[half]);
        }

        if (_stream != 0)
        {
            _ = driver.DestroyStream(_stream);
        }
    }

    /// <summary>The half of the pinned memory that has been idle longer, once it is idle.</summary>
    private int TakeHalf()
    {
        int half = _nextHalf;
        _nextHalf = 1 - half;
        if (_inFlight[half])
        {
            Check(driver.WaitForEvent(_staged[half]), "finish a copy");
            _inFlight[half] = false;
        }

        return half;
    }

    private void Check(int result, string doing)
    {
        if (result != 0)
        {
            throw CudaError.Of(driver, result, deviceName, doing);
        }
    }
}
