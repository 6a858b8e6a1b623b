using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Engine;
using SelfAdapt.Gpu;
using SelfAdapt.Tests.Engine;

namespace SelfAdapt.Tests.Gpu;

/// <summary>The native binding itself, on a stand-in for the driver's library that a C compiler makes here.</summary>
[TestClass]
public sealed class CudaDriverTests
{
    private static string s_folder = "";
    private static CudaDriver? s_driver;

    [ClassInitialize]
    public static void Compile(TestContext context)
    {
        s_folder = Directory.CreateTempSubdirectory("stand-in-").FullName;
        string source = Path.Combine(
            RepositoryFolder.Root, "tests", "SelfAdapt.Tests", "Compute", "Cuda", "stand_in_driver.c");
        string library = Path.Combine(s_folder, "libcuda-stand-in.so");
        try
        {
            using Process compiler = Process.Start("cc", ["-shared", "-fPIC", "-O1", "-o", library, source]);
            compiler.WaitForExit();
            if (compiler.ExitCode == 0)
            {
                CudaDriver.TryLoad([library], out s_driver, out _);
            }
        }
        catch (Win32Exception)
        {
            // No compiler: the tests say so.
        }
    }

    [ClassCleanup]
    public static void RemoveFolder() => Directory.Delete(s_folder, true);

    [TestMethod]
    public void Find_StandIn_TellsItsDevice()
    {
        CudaDevices devices = CudaDevices.Find(Driver());
        Assert.AreEqual("13.0", devices.Version);
        Assert.AreEqual(
            "cuda:0 Stand-in, 1.1 GB, compute capability 9.0, 132 multiprocessors", devices.Devices.Single().ToString());
    }

    [TestMethod]
    public void Open_ShippedKernels_AllAreFoundUnderTheirNames()
    {
        using CudaBackend backend = CudaBackend.Open(CudaDevices.Find(Driver()));
        Assert.AreEqual("cuda:0 Stand-in", backend.Name);
        Assert.IsGreaterThan(40, PtxLibrary.Embedded.Kernels.Count);
    }

    [TestMethod]
    public void Vector_UploadCopyDownload_GivesTheValuesBack()
    {
        using CudaBackend backend = CudaBackend.Open(CudaDevices.Find(Driver()));
        float[] values = OperationCase.Noise(3_000_001, 1);
        using DeviceVector source = backend.CreateVector(values.Length);
        using DeviceVector target = backend.CreateVector(values.Length + 5);
        source.Upload(values);
        backend.Copy(source.Whole, target.Slice(5, values.Length));
        float[] back = new float[values.Length + 5];
        target.Download(back);
        CollectionAssert.AreEqual(values, back[5..]);
        CollectionAssert.AreEqual(new float[5], back[..5]);
    }

    [TestMethod]
    public void BatchFeed_TwoBatches_ComeThroughTheSecondStream()
    {
        using CudaBackend backend = CudaBackend.Open(CudaDevices.Find(Driver()));
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

    [TestMethod]
    public void Launch_ViewAndNumber_ReachTheKernel()
    {
        // The stand-in writes the second parameter to where the first points.
        using CudaDevice device = CudaDevice.Open(CudaDevices.Find(Driver()));
        ulong address = device.Allocate(64);
        device.Launch("Elementwise.Fill", new LaunchShape(2, 1, 1, 256), [new GpuView(address + 8, 14), 2.5f, 14]);
        byte[] bytes = new byte[64];
        device.Download(address, bytes);
        Assert.AreEqual(2.5f, BitConverter.ToSingle(bytes, 8));
        Assert.AreEqual(2, bytes.Count(b => b != 0), "2.5 has two bytes that are not 0, and nothing else is written");
        device.Free(address);
    }

    [TestMethod]
    public void Milliseconds_TwoMarks_GoForward()
    {
        using CudaDevice device = CudaDevice.Open(CudaDevices.Find(Driver()));
        nint from = device.Mark();
        Assert.IsGreaterThanOrEqualTo(0, device.Milliseconds(from, device.Mark()));
    }

    [TestMethod]
    public void Allocate_MoreThanThereIs_OutOfMemoryWithWhatIsLeft()
    {
        using CudaDevice device = CudaDevice.Open(CudaDevices.Find(Driver()));
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => device.Allocate(2L << 30));
        Assert.AreEqual(ExitCode.OutOfMemory, e.Code);
        StringAssert.Contains(e.Message, "of 1024 MiB are free", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Launch_TextThatIsNoPtx_TellsTheCompilersWords()
    {
        PtxLibrary wrong = new(new Dictionary<string, string> { ["w.ptx"] = ".visible .entry W_K(\n)\n" });
        using CudaDevice device = CudaDevice.Open(CudaDevices.Find(Driver()), 0, wrong);
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(
            () => device.Launch("W.K", new LaunchShape(1, 1, 1, 1), []));
        Assert.AreEqual(ExitCode.DeviceMissing, e.Code);
        StringAssert.Contains(e.Message, "ERROR_PTX, in words (no version)", StringComparison.Ordinal);
    }

    private static CudaDriver Driver()
    {
        if (s_driver is null)
        {
            Assert.Inconclusive("not run: there is no C compiler here that makes the stand-in");
        }

        return s_driver;
    }
}
