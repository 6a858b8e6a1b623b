extern alias simulated;
using ILGPU;
using ILGPU.Runtime;
using SelfAdapt.Gpu;
using simulated::SelfAdapt.KernelSimulator;

namespace SelfAdapt.Tests.Gpu;

/// <summary>
/// A device whose queues run as a GPU's may: the first not before someone waits for it, the second as early or as late
/// as fences let it. What a program forgets to wait for goes wrong here every time.
/// </summary>
/// <param name="device">Does the work.</param>
/// <param name="uploadsEarly">The second queue runs as early as it may, else as late.</param>
internal sealed class LazyDevice(IGpuDevice device, bool uploadsEarly) : IGpuDevice
{
    private readonly Queue<Item> _first = new();
    private readonly Queue<Item> _second = new();
    private readonly Dictionary<nint, int> _signalled = [];
    private readonly Dictionary<nint, int> _passed = [];
    private bool _isStuck;

    /// <summary>Lets uploads begin without waiting for their fence: what a missing wait would do.</summary>
    public bool UploadsWithoutWaiting { get; init; }

    /// <summary>Lets the first queue run on without waiting for uploads.</summary>
    public bool ReadsWithoutWaiting { get; init; }

    /// <summary>Uploads that were done before the first queue had to wait for them.</summary>
    public int EarlyUploads { get; private set; }

    public string Name => device.Name;

    public long MemoryBytes => device.MemoryBytes;

    public int GroupThreads => device.GroupThreads;

    public MemoryBuffer Allocate(long words)
    {
        // Cleared in the first queue, as on a GPU.
        MemoryBuffer memory = device.Allocate(words);
        Upload(new float[words], memory.AsArrayView<float>(0, words));
        return memory;
    }

    public void Free(MemoryBuffer memory)
    {
        Synchronize();
        device.Free(memory);
    }

    public void Copy(ArrayView<float> source, ArrayView<float> target) => Queue(() => device.Copy(source, target));

    public void Upload(ReadOnlySpan<float> source, ArrayView<float> target)
    {
        float[] words = source.ToArray();
        Queue(() => device.Upload(words, target));
    }

    public void UploadBeside(ReadOnlySpan<float> source, ArrayView<float> target, nint free, nint ready)
    {
        float[] words = source.ToArray();
        if (!UploadsWithoutWaiting)
        {
            _second.Enqueue(Wait(free));
        }

        _second.Enqueue(new(() =>
        {
            EarlyUploads += _isStuck ? 0 : 1;
            device.Upload(words, target);
        }));
        _second.Enqueue(Pass(ready));
        if (uploadsEarly)
        {
            Advance(_second);
        }
    }

    public nint CreateFence()
    {
        nint fence = device.CreateFence();
        _signalled.Add(fence, 0);
        _passed.Add(fence, 0);
        return fence;
    }

    public void DestroyFence(nint fence)
    {
        Synchronize();
        device.DestroyFence(fence);
    }

    public void Signal(nint fence) => _first.Enqueue(Pass(fence));

    public void Await(nint fence)
    {
        if (!ReadsWithoutWaiting)
        {
            _first.Enqueue(Wait(fence));
        }
    }

    public void Download(ArrayView<float> source, Span<float> target)
    {
        Synchronize();
        device.Download(source, target);
    }

    public void Launch(Delegate kernel, in KernelConfig shape, ReadOnlySpan<KernelArgument> arguments)
    {
        (KernelConfig copy, KernelArgument[] values) = (shape, arguments.ToArray());
        Queue(() => device.Launch(kernel, copy, values));
    }

    public void Synchronize()
    {
        Advance(_first);
        while (_first.Count > 0)
        {
            _isStuck = true;
            bool moved = Advance(_second);
            _isStuck = false;
            if (!moved)
            {
                throw new SimulationException("Both queues wait for each other.");
            }

            Advance(_first);
        }
    }

    public nint Mark() => device.Mark();

    public double Milliseconds(nint from, nint to) => device.Milliseconds(from, to);

    public void Dispose()
    {
        Synchronize();
        device.Dispose();
    }

    private void Queue(Action run) => _first.Enqueue(new(run));

    private Item Wait(nint fence)
    {
        int signals = _signalled[fence];
        return new(() => { }, () => _passed[fence] >= signals);
    }

    private Item Pass(nint fence)
    {
        int signals = ++_signalled[fence];
        return new(() => _passed[fence] = signals);
    }

    /// <summary>Runs a queue as far as it comes; the second, where it is early, in every gap.</summary>
    private bool Advance(Queue<Item> queue)
    {
        bool moved = false;
        while (queue.TryPeek(out Item? next) && (next.May?.Invoke() ?? true))
        {
            queue.Dequeue().Run();
            moved = true;
            if (uploadsEarly && queue == _first)
            {
                Advance(_second);
            }
        }

        return moved;
    }

    private sealed record Item(Action Run, Func<bool>? May = null);
}
