using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Tests.Engine.Autodiff;

/// <summary>Tensors of different shapes in the same bytes.</summary>
[TestClass]
internal sealed class SharedTensorsTests
{
    private static readonly TensorShape[] Shapes =
        [new(2, 32, 10, 12), new(1, 16, 5, 7), new(2, 3, 8, 9), new(3, 20, 1, 1), new(1, 16, 1, 40)];

    [TestMethod]
    public void Begin_BytesThatAnotherShapeUsed_ZeroWhereKernelsNeverWrite()
    {
        using CpuBackend backend = new(2);
        TensorPlace[] places = [.. Shapes.Select((s, i) => new TensorPlace(s, 64 * i, backend.TensorBytes(s)))];
        using SharedTensors tensors = new(backend, places);

        // Every shape after every other.
        int[] order = [0, 1, 2, 3, 4, 0, 2, 4, 1, 3, 0, 3, 1, 4, 2, 1, 0, 4, 3, 2, 0];
        foreach (int index in order)
        {
            DeviceTensor tensor = tensors.Begin(index);
            using DeviceVector values = backend.CreateVector((int)tensor.Shape.Count);
            values.Upload(OperationCase.Noise(values.Length, 1));
            backend.Import(values.Whole, tensor);
            CpuTensors.RequireZeroPadding((CpuTensor)tensor);
            CollectionAssert.AreEqual(OperationBench.Read(values), Read(backend, tensors[index]));
        }
    }

    [TestMethod]
    public void Begin_SamePlaceAgain_LeavesTheBytesAlone()
    {
        using CpuBackend backend = new(1);
        TensorShape shape = new(1, 3, 4, 5);
        long bytes = backend.TensorBytes(shape);
        using SharedTensors tensors = new(
            backend, [new TensorPlace(shape, 0, bytes), new TensorPlace(shape, bytes, bytes)]);
        float[] noise = OperationCase.Noise((int)shape.Count, 2);
        using DeviceVector values = backend.CreateVector(noise.Length);
        values.Upload(noise);
        backend.Import(values.Whole, tensors.Begin(0));
        tensors.Begin(1);
        double[] kept = Read(backend, tensors.Begin(0));
        CollectionAssert.AreEqual(OperationBench.Read(values), kept);
        Assert.AreEqual(2 * bytes, tensors.Bytes);
    }

    private static double[] Read(CpuBackend backend, DeviceTensor tensor)
    {
        using DeviceVector values = backend.CreateVector((int)tensor.Shape.Count);
        backend.Export(tensor, values.Whole);
        return OperationBench.Read(values);
    }
}
