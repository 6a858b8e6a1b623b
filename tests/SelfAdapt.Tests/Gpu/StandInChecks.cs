using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using SelfAdapt.Engine;
using SelfAdapt.Gpu;
using SelfAdapt.Tests.Engine;

namespace SelfAdapt.Tests.Gpu;

/// <summary>
/// What <see cref="NvidiaDeviceTests"/> runs in a process of its own, where a stand-in lies in the driver's place: each
/// public method is a check.
/// </summary>
internal static class StandInChecks
{
    private const int OutOfMemory = 2;
    private const int NoDevice = 100;
    private const int OldGpu = 209;
    private const int InvalidPtx = 218;
    private const int OldDriver = 222;
    private const int IllegalAddress = 700;
    private const int Unknown = 999;

    /// <summary>The checks' names.</summary>
    public static IEnumerable<string> Names => Methods.Select(m => m.Name);

    private static IEnumerable<MethodInfo> Methods => typeof(StandInChecks)
        .GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
        .Where(m => m.ReturnType == typeof(void) && m.GetParameters().Length == 0);

    /// <summary>Runs every check and prints a line for each: its name, then "holds" or what is wrong.</summary>
    /// <returns>0 where all hold.</returns>
    public static int Run()
    {
        int failed = 0;
        foreach (MethodInfo check in Methods)
        {
            StandInDriver.Fail("", 0);
            string verdict = "holds";
            int held = StandInDriver.Held;
            try
            {
                check.CreateDelegate<Action>()();
                Assert.AreEqual(held, StandInDriver.Held, "modules, streams, events, contexts or memory stay held");
            }
            catch (Exception e)
            {
                verdict = e.ToString().ReplaceLineEndings(" ");
                failed++;
            }

            Console.WriteLine($"{check.Name}: {verdict}");
        }

        return failed;
    }

    public static void Find_OneGpu_TellsItsProperties()
    {
        GpuDevices devices = GpuDevices.Find(GpuKind.Cuda);
        Assert.AreEqual("12.4", devices.Version);
        Assert.AreEqual("", devices.Missing);
        Assert.AreEqual(
            "cuda:0 Stand-in, 1.1 GB, compute capability 9.0, 132 multiprocessors",
            devices.Devices.Single().ToString());
    }

    public static void Find_DriverWithoutGpu_SaysWhy()
    {
        StandInDriver.Fail("cuDeviceGetCount", NoDevice);
        GpuDevices devices = GpuDevices.Find(GpuKind.Cuda);
        Assert.IsEmpty(devices.Devices);
        StringAssert.Contains(devices.Text, "CUDA_ERROR_NO_DEVICE, in words", StringComparison.Ordinal);
        Expect(ErrorKind.DeviceMissing, "CUDA_ERROR_NO_DEVICE", () => GpuBackend.Open(devices));
    }

    public static void Open_NoSuchGpu_NamesThoseThereAre() =>
        Expect(ErrorKind.DeviceMissing, "cuda:0 Stand-in", () => GpuBackend.Open(GpuDevices.Find(GpuKind.Cuda), 3));

    public static void Open_ACallFails_SaysSoAndHoldsNothing()
    {
        foreach (string call in (string[])
            ["cuCtxCreate_v2", "cuStreamCreate", "cuMemAllocHost_v2", "cuEventCreate", "cuModuleLoadDataEx"])
        {
            StandInDriver.Fail(call, Unknown);
            Expect(ErrorKind.DeviceMissing, "in words", Open);
            Assert.AreEqual(0, StandInDriver.Held, call);
        }
    }

    public static void Open_KernelsThatTheDriverRefuses_SaysWhyAndWhatToDo()
    {
        foreach ((int result, string next) in ((int, string)[])
            [
                (InvalidPtx, "newer NVIDIA driver"), (OldDriver, "newer NVIDIA driver"), (OldGpu, "compute capability"),
            ])
        {
            StandInDriver.Fail("cuModuleLoadDataEx", result);
            SelfAdaptException e = Expect(ErrorKind.DeviceMissing, "Elementwise.Fill", Open);
            StringAssert.Contains(e.Message, "(line 3, syntax error)", StringComparison.Ordinal);
            StringAssert.Contains(e.Message, next, StringComparison.Ordinal);
        }
    }

    public static void Allocate_MoreThanThereIs_SaysHowMuchIsLeftAndWhatToDo()
    {
        using IGpuDevice device = Open();
        SelfAdaptException e = Expect(ErrorKind.OutOfMemory, "2048 MiB", () => device.Allocate(1L << 29));
        StringAssert.Contains(e.Message, "1024 MiB are free", StringComparison.Ordinal);
        StringAssert.Contains(e.Message, "smaller batch", StringComparison.Ordinal);
        StandInDriver.Fail("cuMemAlloc_v2", OutOfMemory);
        Expect(ErrorKind.OutOfMemory, "4 MiB", () => device.Allocate(1 << 20));
    }

    public static void Launch_Fails_NamesTheKernel()
    {
        using GpuBackend backend = new(Open());
        using DeviceVector vector = backend.CreateVector(10);
        StandInDriver.Fail("cuLaunchKernel", 1);
        Expect(ErrorKind.DeviceMissing, "Elementwise.Fill", () => backend.Fill(vector, 1));
    }

    public static void Launch_ViewAndNumber_ReachTheKernel()
    {
        // The stand-in writes the second parameter to where the first points.
        using IGpuDevice device = Open();
        using GpuBackend backend = new(device);
        MemoryBuffer memory = device.Allocate(16);
        ArrayView<float> view = memory.AsArrayView<float>(2, 14);
        backend.Launch(SelfAdapt.Kernels.Elementwise.Fill, backend.Each(14), view, 2.5f, 14);
        float[] values = new float[16];
        device.Download(memory.AsArrayView<float>(0, 16), values);
        CollectionAssert.AreEqual((float[])[0, 0, 2.5f, .. new float[13]], values);
        device.Free(memory);
    }

    public static void Launch_AfterTheFirst_AllocatesNothing()
    {
        using GpuBackend backend = new(Open());
        using DeviceVector a = backend.CreateVector(100);
        using DeviceVector b = backend.CreateVector(100);
        using DeviceVector sums = backend.CreateVector(2);
        OptimizerVectors state = new(a, b, a, b, a, b);
        OptimizerStepOptions options = new(1, 1e-4f, 1e-5f, 0.9f, 0.999f, 1e-8f, 0.1f, false, 0.9f);
        Step();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Step();
        }

        Assert.AreEqual(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Step()
        {
            backend.Fill(a, 1);
            backend.MoveTowards(a, b, 0.5f);
            backend.OptimizerStep(state, options, sums);
        }
    }

    public static void Synchronize_AKernelFaulted_SaysSo()
    {
        using IGpuDevice device = Open();
        StandInDriver.Fail("cuStreamSynchronize", IllegalAddress);
        Expect(ErrorKind.DeviceMissing, "CUDA_ERROR_ILLEGAL_ADDRESS", device.Synchronize);
    }

    public static void UploadDownload_MoreThanThePinnedMemory_GoesAndComesBack()
    {
        using GpuBackend backend = new(Open());
        float[] values = OperationCase.Noise(3_000_001, 1);
        using DeviceVector source = backend.CreateVector(values.Length);
        using DeviceVector target = backend.CreateVector(values.Length + 5);
        source.Upload(values);
        backend.Copy(source.Whole, target.Slice(5, values.Length));
        float[] back = new float[values.Length + 5];
        target.Download(back);
        CollectionAssert.AreEqual(values, back[5..]);
        CollectionAssert.AreEqual(new float[5], back[..5], "new memory is zero");
    }

    public static void UploadBeside_BetweenFences_IsInAnotherStreamAndTheHostWaitsForNothing()
    {
        using IGpuDevice device = Open();
        ArrayView<float> target = device.Allocate(16).AsArrayView<float>(0, 16);
        (nint free, nint ready) = (device.CreateFence(), device.CreateFence());
        device.UploadBeside(new float[16], target, free, ready);
        StandInDriver.Forget();
        device.Signal(free);
        device.UploadBeside(new float[16], target, free, ready);
        device.Await(ready);
        string[] order = StandInDriver.Order.Split("; ", StringSplitOptions.RemoveEmptyEntries);
        (string main, string beside) = (order[0].Split(' ')[1], order[1].Split(' ')[1]);
        Assert.AreNotEqual(main, beside);
        CollectionAssert.AreEqual(
            new[]
            {
                $"record {main}", $"wait {beside}", $"copy {beside}", $"record {beside}", $"record {beside}",
                $"wait {main}",
            },
            order);
        Assert.AreEqual(0, StandInDriver.Waits, "the host waits for nothing");
        device.DestroyFence(free);
        device.DestroyFence(ready);
    }

    public static void BatchFeed_TwoBatches_ComeThroughTheSecondStream()
    {
        using GpuBackend backend = new(Open());
        float[] values = OperationCase.Noise(20, 1);
        using BatchFeed feed = new(backend, 10);
        float[] back = new float[10];
        feed.Send(values.AsSpan(0, 10));
        DeviceVector first = feed.Take();
        feed.Send(values.AsSpan(10));
        first.Download(back);
        CollectionAssert.AreEqual(values[..10], back);
        feed.Take().Download(back);
        CollectionAssert.AreEqual(values[10..], back);
    }

    public static void Milliseconds_TwoMarks_GoForward()
    {
        using IGpuDevice device = Open();
        nint from = device.Mark();
        Assert.IsGreaterThanOrEqualTo(0, device.Milliseconds(from, device.Mark()));
    }

    public static void Dispose_AfterUse_HoldsNothing()
    {
        GpuBackend backend = new(Open());
        using (DeviceVector vector = backend.CreateVector(10))
        {
            backend.Fill(vector, 1);
            vector.Upload(new float[10]);
            vector.UploadBeside(new float[10]);
        }

        backend.Dispose();
        backend.Dispose();
        Assert.AreEqual(0, StandInDriver.Held);
        Assert.ThrowsExactly<ObjectDisposedException>(() => backend.CreateVector(1));
    }

    private static IGpuDevice Open() => GpuBackend.OpenDevice(GpuDevices.Find(GpuKind.Cuda), 0);

    private static SelfAdaptException Expect(ErrorKind code, string text, Func<object> action) =>
        Expect(code, text, () => { _ = action(); });

    private static SelfAdaptException Expect(ErrorKind code, string text, Action action)
    {
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(action);
        Assert.AreEqual(code, e.Kind);
        StringAssert.Contains(e.Message, text, StringComparison.Ordinal);
        return e;
    }
}
