using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Compute;
using SelfAdapt.Compute.Cpu;
using SelfAdapt.Compute.Cuda;

namespace SelfAdapt.Tests.Compute.Cuda;

/// <summary>The cuda backend, every launch of it run by the simulator, against the reference.</summary>
[TestClass]
public sealed class CudaBackendTests
{
    public static IEnumerable<object[]> Operations =>
        OperationCases.All.Where(c => !c.Large).Select(c => new object[] { c.Name });

    public static IEnumerable<object[]> Vectors => VectorCases.All.Select(c => new object[] { c.Name });

    [TestMethod]
    [DynamicData(nameof(Operations))]
    public void Operation_AgreesWithTheReference(string name)
    {
        using CudaBackend backend = new(new SimulatedDevice());
        OperationParity.Check(OperationCases.All.Single(c => c.Name == name), backend);
    }

    [TestMethod]
    [DynamicData(nameof(Vectors))]
    public void VectorOperation_AgreesWithTheReference(string name)
    {
        using CudaBackend backend = new(new SimulatedDevice());
        OperationParity.Check(VectorCases.All.Single(c => c.Name == name), backend);
    }

    [TestMethod]
    public void CreateTensors_PlacesInOneBlock_LieWhereTheyWerePlanned()
    {
        SimulatedDevice device = new();
        using CudaBackend backend = new(device);
        int held = device.Held;
        TensorShape shape = new(1, 5, 3, 3);
        long bytes = backend.TensorBytes(shape);
        Assert.AreEqual(0, bytes % GpuTensor.Alignment);
        using (TensorBlock block = backend.CreateTensors([new(shape, 0, bytes), new(shape, bytes, bytes)]))
        {
            Assert.AreEqual(2 * bytes, block.Bytes);
            Assert.AreEqual(held + 1, device.Held);
            Fill(backend, block.Tensors[0], 2);
            Fill(backend, block.Tensors[1], 3);
            Assert.IsTrue(Read(backend, block.Tensors[0]).All(v => v == 2));
            Assert.IsTrue(Read(backend, block.Tensors[1]).All(v => v == 3));
        }

        Assert.AreEqual(held, device.Held);
    }

    [TestMethod]
    public void HundredSteps_AnotherWayToConvolve_StaysWithinTheBoundsForAGpu()
    {
        // The bounds that a GPU has to keep, kept by what is known to be right: Winograd's algorithm.
        using CpuBackend backend = new();
        StringAssert.Contains(HundredSteps.Compare(backend, 5), "5 steps", StringComparison.Ordinal);
    }

    private static void Fill(CudaBackend backend, DeviceTensor tensor, float value)
    {
        using DeviceVector vector = backend.CreateVector((int)tensor.Shape.Count);
        backend.Fill(vector, value);
        backend.Import(vector.Whole, tensor);
    }

    private static double[] Read(CudaBackend backend, DeviceTensor tensor)
    {
        using DeviceVector vector = backend.CreateVector((int)tensor.Shape.Count);
        backend.Export(tensor, vector.Whole);
        return OperationBench.Read(vector);
    }
}
