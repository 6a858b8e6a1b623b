using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Tests.Engine.Autodiff;

/// <summary>Graphs of one set of weights share what is prepared of them.</summary>
[TestClass]
internal sealed class SharedWeightsTests : IDisposable
{
    private readonly CpuBackend _backend = new(1);
    private readonly NetworkWeights _weights;

    public SharedWeightsTests() =>
        _weights = new NetworkWeights(Network.Read(SmallNetworks.Cellpose(16, 32)), _backend);

    public void Dispose()
    {
        NativeBlock.Refuses = null;
        _weights.Dispose();
        _backend.Dispose();
    }

    [TestMethod]
    public void Forward_SecondGraph_PreparesNothing()
    {
        using TrainableGraph first = Graph(16, GraphMode.Inference);
        using TrainableGraph second = Graph(16, GraphMode.Inference);
        List<long> taken = [];
        NativeBlock.Refuses = bytes =>
        {
            taken.Add(bytes);
            return false;
        };
        first.Forward();
        long prepared = _weights.Network.Parameters.Where(p => p.Shape is [_, _, 3, 3]).Sum(p => p.Length) * 4L * sizeof(float);
        Assert.IsGreaterThanOrEqualTo(prepared, taken.Sum());
        taken.Clear();
        second.Forward();
        Assert.IsEmpty(taken);
    }

    [TestMethod]
    public void Forward_GraphsInTurn_ReadTheWeightsOfNow()
    {
        using TrainableGraph training = Graph(16, GraphMode.Training);
        using TrainableGraph small = Graph(16, GraphMode.Inference);
        using TrainableGraph large = Graph(32, GraphMode.Inference);
        for (ulong round = 0; round < 3; round++)
        {
            Forward(training);
            training.Backward();
            Check(small);
            Check(large);
            float[] gradient = Values(training.ParameterGradients!);
            Forward(training);
            training.Backward();
            CollectionAssert.AreEqual(
                gradient, Values(training.ParameterGradients!));
            _weights.Upload(
                OperationCase.Noise(_weights.Parameters.Length, round + 10), _weights.Network.InitialStatistics);
        }
    }

    /// <summary>The same as a graph that shares with nobody.</summary>
    private void Check(TrainableGraph shared)
    {
        Forward(shared);
        WeightSnapshot now = _weights.Download();
        using NetworkWeights own = new(_weights.Network, _backend);
        own.Upload(now.Parameters, now.Statistics);
        using TrainableGraph alone = new(
            own.Network, own, _backend, 1, shared.Height, shared.Width, GraphMode.Inference);
        Forward(alone);
        CollectionAssert.AreEqual(Values(alone.Output), Values(shared.Output));
    }

    private TrainableGraph Graph(int size, GraphMode mode) =>
        new(_weights.Network, _weights, _backend, 1, size, size, mode);

    private static void Forward(TrainableGraph graph)
    {
        graph.Input.Upload(OperationCase.Noise(graph.Input.Length, 3));
        graph.OutputGradient?.Upload(OperationCase.Noise(graph.Output.Length, 4));
        graph.Forward();
    }

    private static float[] Values(DeviceVector vector)
    {
        float[] values = new float[vector.Length];
        vector.Download(values);
        return values;
    }
}
