using ILGPU;
using ILGPU.Runtime;

namespace SelfAdapt.Gpu;

/// <summary>
/// A GPU as the backend sees it: memory and kernel launches, all in one queue that runs in order, and a second queue
/// for <see cref="UploadBeside"/> alone. Only <see cref="Download"/>, <see cref="Synchronize"/> and
/// <see cref="Milliseconds"/> wait for the device. Memory is counted in words of four bytes.
/// </summary>
internal interface IGpuDevice : IDisposable
{
    string Name { get; }

    long MemoryBytes { get; }

    /// <summary>
    /// Threads of a group where a kernel leaves that open: a power of two up to 256. Sums depend on it in their last
    /// digits.
    /// </summary>
    int GroupThreads { get; }

    /// <summary>Takes zeroed memory, aligned to 256 bytes.</summary>
    MemoryBuffer Allocate(long words);

    void Free(MemoryBuffer memory);

    /// <param name="target">As long; the two do not overlap.</param>
    void Copy(ArrayView<float> source, ArrayView<float> target);

    /// <summary>Copies from the host; the source may change as soon as this returns.</summary>
    void Upload(ReadOnlySpan<float> source, ArrayView<float> target);

    /// <summary>Copies to the host, after everything queued before.</summary>
    void Download(ArrayView<float> source, Span<float> target);

    /// <summary>
    /// Copies from the host in a second queue, while the first goes on; the source may change as soon as this returns.
    /// </summary>
    /// <param name="free">The copy begins when this fence is passed.</param>
    /// <param name="ready">This fence is passed when the copy is done.</param>
    void UploadBeside(ReadOnlySpan<float> source, ArrayView<float> target, nint free, nint ready);

    /// <summary>Makes a fence: a point of one queue that the other can wait for. A new one is passed.</summary>
    nint CreateFence();

    void DestroyFence(nint fence);

    /// <summary>From now on the fence is passed when everything queued before is done.</summary>
    void Signal(nint fence);

    /// <summary>What is queued from now on begins when the fence, as it stands now, is passed.</summary>
    void Await(nint fence);

    void Launch(Delegate kernel, in KernelConfig shape, ReadOnlySpan<KernelArgument> arguments);

    void Synchronize();

    /// <summary>Queues a point in time, for measurements.</summary>
    nint Mark();

    /// <summary>Waits for two points and tells the time between them; both handles end with this.</summary>
    double Milliseconds(nint from, nint to);
}
