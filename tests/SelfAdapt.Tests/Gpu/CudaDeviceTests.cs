using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Gpu;

namespace SelfAdapt.Tests.Gpu;

/// <summary>The device over a driver that is missing, that fails, or that does as it is told.</summary>
[TestClass]
public sealed class CudaDeviceTests : IDisposable
{
    private const int OutOfMemory = 2;
    private const int InvalidPtx = 218;
    private const int TooNewPtx = 222;
    private const int IllegalAddress = 700;

    private static readonly PtxLibrary Ptx = new(new Dictionary<string, string>
    {
        ["a.ptx"] = ".version 7.0\n.visible .entry Twice(\n.param .u64 x\n)\n.visible .entry Thrice (\n)\n",
    });

    private readonly FakeDriver _driver = new();

    public void Dispose() => _driver.Dispose();

    [TestMethod]
    public void TryLoad_NoLibrary_SaysWhatIsMissing()
    {
        Assert.IsFalse(CudaDriver.TryLoad(["libno-such-driver.so.1"], out CudaDriver? driver, out string missing));
        Assert.IsNull(driver);
        StringAssert.Contains(missing, "no NVIDIA driver", StringComparison.Ordinal);
        StringAssert.Contains(missing, "libno-such-driver.so.1", StringComparison.Ordinal);
    }

    [TestMethod]
    public void TryLoad_AnotherLibrary_SaysThatItIsNotWhole()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("not run: only here is there a library that is surely not the driver");
        }

        Assert.IsFalse(CudaDriver.TryLoad(["libc.so.6"], out _, out string missing));
        StringAssert.Contains(missing, "cuInit", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Find_DriverWithoutGpu_SaysWhy()
    {
        _driver.Result = call => call == "cuInit" ? 100 : 0;
        CudaDevices devices = CudaDevices.Find(_driver);
        Assert.IsEmpty(devices.Devices);
        StringAssert.Contains(devices.Text, "CUDA_ERROR_100", StringComparison.Ordinal);
        Expect(ExitCode.DeviceMissing, "CUDA_ERROR_100", () => CudaDevice.Open(devices));
    }

    [TestMethod]
    public void Find_OneGpu_TellsItsProperties()
    {
        CudaDevices devices = CudaDevices.Find(_driver);
        Assert.AreEqual("12.4", devices.Version);
        Assert.AreEqual(
            "cuda:0 Fake GPU, 8.0 GB, compute capability 8.6, 40 multiprocessors", devices.Devices.Single().ToString());
        Assert.AreEqual("", devices.Missing);
    }

    [TestMethod]
    public void Open_NoSuchGpu_NamesThoseThereAre() =>
        Expect(ExitCode.DeviceMissing, "cuda:0 Fake GPU", () => CudaDevice.Open(CudaDevices.Find(_driver), 3));

    [TestMethod]
    [DataRow("cuDevicePrimaryCtxRetain")]
    [DataRow("cuCtxSetCurrent")]
    [DataRow("cuStreamCreate")]
    [DataRow("cuMemHostAlloc")]
    [DataRow("cuEventCreate")]
    public void Open_ACallFails_SaysSoAndHoldsNothing(string failing)
    {
        _driver.Result = call => call == failing ? 999 : 0;
        Expect(ExitCode.DeviceMissing, "CUDA_ERROR_999", Open);
        Assert.AreEqual(0, _driver.Held);
    }

    [TestMethod]
    public void Allocate_OutOfMemory_SaysHowMuchIsLeftAndWhatToDo()
    {
        using CudaDevice device = Open();
        _driver.Result = call => call == "cuMemAlloc" ? OutOfMemory : 0;
        SelfAdaptException e = Expect(ExitCode.OutOfMemory, "5 MiB", () => device.Allocate(5 << 20));
        StringAssert.Contains(e.Message, "3 MiB of 64 MiB", StringComparison.Ordinal);
        StringAssert.Contains(e.Message, "--batch-size", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow(InvalidPtx, "install the program again")]
    [DataRow(TooNewPtx, "newer NVIDIA driver")]
    [DataRow(209, "compute capability")]
    public void Launch_PtxThatTheDriverRefuses_SaysWhyAndWhatToDo(int result, string next)
    {
        using CudaDevice device = Open();
        _driver.JitLog = "ptxas: line 3, syntax error";
        _driver.Result = call => call == "cuModuleLoadDataEx" ? result : 0;
        SelfAdaptException e = Expect(
            ExitCode.DeviceMissing, "a.ptx", () => device.Launch("Twice", new(1, 1, 1, 32), []));
        StringAssert.Contains(e.Message, "line 3, syntax error", StringComparison.Ordinal);
        StringAssert.Contains(e.Message, next, StringComparison.OrdinalIgnoreCase);
    }

    [TestMethod]
    public void Launch_UnknownKernel_IsABug()
    {
        using CudaDevice device = Open();
        Assert.ThrowsExactly<InvalidOperationException>(() => device.Launch("Half", new(1, 1, 1, 32), []));
    }

    [TestMethod]
    public void Launch_Fails_NamesTheKernel()
    {
        using CudaDevice device = Open();
        _driver.Result = call => call == "cuLaunchKernel" ? 1 : 0;
        Expect(ExitCode.DeviceMissing, "Thrice", () => device.Launch("Thrice", new(1, 1, 1, 32), []));
    }

    [TestMethod]
    public void Launch_Arguments_ArriveAsTheKernelReadsThem()
    {
        using CudaDevice device = Open();
        device.Launch("Twice", new(3, 2, 1, 64, 4), [new GpuView(0x1234_5678_9ABC, 77), -5, 1.5f, true]);
        Assert.AreEqual(new LaunchShape(3, 2, 1, 64, 4), _driver.LaunchedShape);
        ReadOnlySpan<long> words = MemoryMarshal.Cast<byte, long>(_driver.LaunchedParameters.AsSpan());
        Assert.AreEqual(0x1234_5678_9ABC, words[0]);
        Assert.AreEqual(77, words[1]);
        Assert.AreEqual(-5, (int)words[2]);
        Assert.AreEqual(1.5f, BitConverter.Int32BitsToSingle((int)words[4]));
        Assert.AreEqual(1, (int)words[6]);
    }

    [TestMethod]
    public void Synchronize_AKernelFaulted_SaysSo()
    {
        using CudaDevice device = Open();
        _driver.Result = call => call == "cuStreamSynchronize" ? IllegalAddress : 0;
        Expect(ExitCode.DeviceMissing, "CUDA_ERROR_700", device.Synchronize);
    }

    [TestMethod]
    public void UploadDownload_MoreThanThePinnedMemory_GoesAndComesBack()
    {
        byte[] bytes = new byte[(9 << 20) + 13];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)((i * 31) + (i >> 12));
        }

        using CudaDevice device = Open();
        ulong address = device.Allocate(2L * bytes.Length);
        ulong copy = address + (ulong)bytes.Length;
        byte[] back = new byte[bytes.Length];
        device.Download(copy, back);
        Assert.IsTrue(back.All(b => b == 0), "new memory is zero");
        device.Upload(bytes, address);
        device.Copy(address, copy, bytes.Length);
        device.Download(copy, back);
        CollectionAssert.AreEqual(bytes, back);
        device.Clear(copy, bytes.Length);
        device.Download(copy, back);
        Assert.IsTrue(back.All(b => b == 0));
        device.Free(address);
    }

    [TestMethod]
    public void UploadBeside_BetweenFences_IsInAnotherStreamAndWaitsForOneAndSignalsTheOther()
    {
        using CudaDevice device = Open();
        ulong address = device.Allocate(64);
        (nint free, nint ready) = (device.CreateFence(), device.CreateFence());
        int waits = 0;
        _driver.Result = call =>
        {
            waits += call is "cuStreamSynchronize" or "cuEventSynchronize" ? 1 : 0;
            return 0;
        };
        device.Signal(free);
        device.UploadBeside(new byte[64], address, free, ready);
        device.Await(ready);
        (nint main, nint beside) = (_driver.Queued[0].Stream, _driver.Queued[1].Stream);
        Assert.AreNotEqual(main, beside);
        CollectionAssert.AreEqual(
            new[]
            {
                ("cuEventRecord", main, free), ("cuStreamWaitEvent", beside, free),
                ("cuMemcpyHtoDAsync", beside, (nint)address), ("cuEventRecord", beside, ready),
                ("cuStreamWaitEvent", main, ready),
            },
            _driver.Queued.Where(q => q.What == free || q.What == ready || q.What == (nint)address).ToArray());
        Assert.AreEqual(0, waits, "the host waits for nothing");
        device.DestroyFence(free);
        device.DestroyFence(ready);
        device.Free(address);
        device.Dispose();
        Assert.AreEqual(0, _driver.Held);
    }

    [TestMethod]
    public void Dispose_AfterUse_HoldsNothing()
    {
        CudaDevice device = Open();
        ulong address = device.Allocate(100);
        device.Launch("Twice", new(1, 1, 1, 32), []);
        Assert.AreEqual(1.0, device.Milliseconds(device.Mark(), device.Mark()));
        device.Free(address);
        device.Dispose();
        device.Dispose();
        Assert.AreEqual(0, _driver.Held);
        Assert.ThrowsExactly<ObjectDisposedException>(() => device.Clear(address, 1));
    }

    private CudaDevice Open() => CudaDevice.Open(CudaDevices.Find(_driver), 0, Ptx);

    private static SelfAdaptException Expect(ExitCode code, string text, Func<object> action) =>
        Expect(code, text, () => { _ = action(); });

    private static SelfAdaptException Expect(ExitCode code, string text, Action action)
    {
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(action);
        Assert.AreEqual(code, e.Code);
        StringAssert.Contains(e.Message, text, StringComparison.Ordinal);
        return e;
    }
}
