using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Autodiff.Operations;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Gpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Tests.Gpu;

namespace SelfAdapt.Tests.Engine.Autodiff;

/// <summary>Whole small networks: gradients by finite differences, the cpu backend, buffer reuse.</summary>
[TestClass]
internal sealed class NetworkGradientTests
{
    private const int Batch = 2;
    private const int Height = 16;
    private const int Width = 24;
    private const double Nudge = 1e-6;

    private static readonly Dictionary<string, Lazy<Network>> Networks = new()
    {
        ["Cellpose"] = new(() => Network.Read(SmallNetworks.Cellpose(4, 4, 8, 8))),
        ["UNet"] = new(() => Network.Read(SmallNetworks.UNet())),
        ["Tangle"] = new(() => Network.Read(SmallNetworks.Tangle())),
        ["Functions"] = new(() => Network.Read(SmallNetworks.Functions())),
        ["Latent"] = new(() => Network.Read(SmallNetworks.Latent())),
        ["Strides"] = new(() => Network.Read(SmallNetworks.Strides())),
        ["Windows"] = new(() => Network.Read(SmallNetworks.Windows())),
    };

    /// <summary>To the gradient, updating the stored statistics makes no difference.</summary>
    public static IEnumerable<object[]> GradientCases =>
        Cases.Where(c => (NormStatistics)c[1] != NormStatistics.BatchAndUpdate);

    public static IEnumerable<object[]> Cases =>
        from name in Networks.Keys
        from norm in Enum.GetValues<NormStatistics>()
        where name is not ("UNet" or "Latent") || norm == NormStatistics.Stored
        select new object[] { name, norm };

    [TestMethod]
    [DynamicData(nameof(GradientCases))]
    public void Backward_WholeNetwork_EqualsFiniteDifferences(string name, NormStatistics norm)
    {
        using Run run = new(Networks[name].Value, new ReferenceBackend(), GraphMode.Training);
        run.Forward(norm);
        run.Graph.Backward();
        double[] gradient = OperationBench.Read(run.Graph.ParameterGradients!);
        double largest = gradient.Max(Math.Abs);

        // The steepest value of every tensor by itself, then all values along random directions.
        foreach (NetworkTensor tensor in run.Network.Parameters)
        {
            int steepest = Enumerable.Range(tensor.Offset, tensor.Length).MaxBy(i => Math.Abs(gradient[i]));
            double[] axis = new double[gradient.Length];
            axis[steepest] = 1;
            double quotient = run.Quotient(norm, axis);
            Assert.AreEqual(
                quotient, gradient[steepest], (1e-6 * largest) + (1e-5 * Math.Abs(quotient)), tensor.Name);
        }

        for (ulong seed = 1; seed <= 4; seed++)
        {
            double[] direction = HostVectors.Noise(gradient.Length, seed);
            double slope = gradient.Zip(direction, (g, d) => g * d).Sum();
            double tolerance = 1e-6 * largest * Math.Sqrt(gradient.Length);
            Assert.AreEqual(run.Quotient(norm, direction), slope, tolerance, $"direction {seed}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Cpu_WholeNetwork_AgreesWithTheReference(string name, NormStatistics norm) =>
        CheckWholeNetwork(name, norm, new CpuBackend(2));

    [TestMethod]
    [DataRow("Cellpose", NormStatistics.BatchAndUpdate)]
    [DataRow("UNet", NormStatistics.Stored)]
    [DataRow("Tangle", NormStatistics.Batch)]
    [DataRow("Latent", NormStatistics.Stored)]
    public void Cuda_WholeNetworkInTheSimulator_AgreesWithTheReference(string name, NormStatistics norm) =>
        CheckWholeNetwork(name, norm, new GpuBackend(new SimulatedDevice()));

    /// <summary>One pass of a network forward and backward.</summary>
    internal static void CheckWholeNetwork(string name, NormStatistics norm, Backend backend)
    {
        using Run exact = new(Networks[name].Value, new ReferenceBackend(), GraphMode.Training);
        using Run fast = new(Networks[name].Value, backend, GraphMode.Training);
        double[][] expected = exact.Step(norm);
        double[][] actual = fast.Step(norm);
        for (int i = 0; i < expected.Length; i++)
        {
            double error = OperationParity.Error(expected[i], actual[i]);
            Assert.IsTrue(error <= (i < 3 ? 1e-10 : 1e-9), $"result {i}: NMSE {error:e2}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Step_AgainOnTheSameGraph_GivesTheSameBits(string name, NormStatistics norm)
    {
        // Buffers are full of the first step's values; parameters and statistics are put back.
        using Run run = new(Networks[name].Value, new CpuBackend(2), GraphMode.Training);
        double[][] first = run.Step(norm);
        run.Weights.Upload(run.Network.InitialParameters, run.Network.InitialStatistics);
        double[][] second = run.Step(norm);
        for (int i = 0; i < first.Length; i++)
        {
            CollectionAssert.AreEqual(first[i], second[i], $"result {i}");
        }
    }

    [TestMethod]
    [DataRow("Cellpose", 0.5)]
    [DataRow("UNet", 0.9)]
    [DataRow("Tangle", 0.9)]
    [DataRow("Latent", 0.9)]
    public void Forward_InferenceAndTraining_GiveTheSameBitsInLessMemory(string name, double share)
    {
        Network network = Networks[name].Value;
        using Run training = new(network, new CpuBackend(1), GraphMode.Training);
        using Run inference = new(network, new CpuBackend(1), GraphMode.Inference);
        training.Forward(NormStatistics.Stored);
        inference.Forward(NormStatistics.Stored);

        CollectionAssert.AreEqual(
            OperationBench.Read(training.Graph.Output), OperationBench.Read(inference.Graph.Output));
        CollectionAssert.AreEqual(
            OperationBench.Read(training.Graph.Embedding), OperationBench.Read(inference.Graph.Embedding));
        Assert.IsTrue(inference.Graph.BufferBytes < training.Graph.BufferBytes * share);
    }

    [TestMethod]
    [DataRow("Cellpose", GraphMode.Inference)]
    [DataRow("Cellpose", GraphMode.Training)]
    [DataRow("UNet", GraphMode.Inference)]
    [DataRow("UNet", GraphMode.Training)]
    [DataRow("Tangle", GraphMode.Inference)]
    [DataRow("Tangle", GraphMode.Training)]
    [DataRow("Latent", GraphMode.Inference)]
    [DataRow("Latent", GraphMode.Training)]
    public void Plan_NoActivationIsOverwrittenBeforeItsLastReader(string name, GraphMode mode)
    {
        // Plays the plan: every buffer remembers which value it holds, until another one is written over it.
        Network network = Networks[name].Value;
        using CpuBackend backend = new(1);
        IReadOnlyList<Operation> operations = NetworkCompiler.Compile(network);
        MemoryPlan plan = new(network, operations, Batch, Height, Width, mode, backend.TensorBytes, embeddingIsTrained: true);
        int[] holds = new int[plan.Places.Count];
        bool backward = false;
        bool Overlap(int a, int b) =>
            plan.Places[a].Offset < plan.Places[b].End && plan.Places[b].Offset < plan.Places[a].End;
        void Put(int buffer, int value)
        {
            for (int other = 0; other < holds.Length; other++)
            {
                holds[other] = other == buffer ? value : Overlap(buffer, other) ? -1 : holds[other];
            }
        }

        void Make(int value) => Put(plan.ActivationBuffer(value, backward), value);
        void Read(int value) => Assert.AreEqual(value, holds[plan.ActivationBuffer(value, backward)]);
        int Gradient(int value) => network.Values.Count + value;

        Make(0);
        for (int i = 0; i < operations.Count; i++)
        {
            operations[i].Inputs.ToList().ForEach(Read);
            Make(operations[i].Output);
            plan.ScratchBuffers(i, false).ToList().ForEach(b => Put(b, -1));
            operations[i].Inputs.ToList().ForEach(Read);
            Read(operations[i].Output);
        }

        Read(network.OutputValue);
        Read(network.EmbeddingValue);
        if (mode == GraphMode.Inference)
        {
            return;
        }

        backward = true;
        Put(plan.GradientBuffer(network.OutputValue)!.Value, Gradient(network.OutputValue));
        Put(plan.GradientBuffer(network.EmbeddingValue)!.Value, Gradient(network.EmbeddingValue));
        for (int i = operations.Count - 1; i >= 0; i--)
        {
            Operation operation = operations[i];
            if (plan.GradientBuffer(operation.Output) is not int own)
            {
                continue;
            }

            foreach (int repeated in plan.RepeatedBefore(i))
            {
                IReadOnlyList<int> inputs = repeated < 0 ? [] : operations[repeated].Inputs;
                inputs.ToList().ForEach(Read);
                Make(repeated < 0 ? 0 : operations[repeated].Output);
                inputs.ToList().ForEach(Read);
            }

            Assert.AreEqual(Gradient(operation.Output), holds[own]);
            Assert.AreEqual(operation.BackwardNeedsWorkspace, plan.WorkspaceBuffer(i) is not null);
            if (plan.WorkspaceBuffer(i) is int workspace)
            {
                Assert.IsFalse(Overlap(own, workspace));
                Assert.IsFalse(operation.Inputs.Where((_, k) => operation.BackwardReadsInput(k))
                    .Any(v => Overlap(plan.ActivationBuffer(v, backward), workspace)));

                // In place only where nothing is in the gradient yet, and never in another input's.
                Assert.AreEqual(
                    plan.Use(i, 0) == GradientUse.Written, plan.GradientBuffer(operation.Inputs[0]) == workspace);
                Assert.IsFalse(operation.Inputs.Skip(1)
                    .Any(v => v != operation.Inputs[0] && plan.GradientBuffer(v) is int g && Overlap(g, workspace)));
                Put(workspace, -1);
            }

            // What it works in shares no bytes with what it reads, nor with what it adds to below.
            plan.ScratchBuffers(i, true).ToList().ForEach(b => Put(b, -1));
            Assert.AreEqual(Gradient(operation.Output), holds[own]);
            operation.Inputs.Where((_, k) => operation.BackwardReadsInput(k)).ToList().ForEach(Read);
            for (int k = 0; k < operation.Inputs.Count; k++)
            {
                int input = operation.Inputs[k];
                int? buffer = plan.GradientBuffer(input);
                switch (plan.Use(i, k))
                {
                    case GradientUse.None:
                        Assert.AreEqual(0, input);
                        break;
                    case GradientUse.Written:
                        Assert.IsFalse(Overlap(own, buffer!.Value));
                        Put(buffer.Value, Gradient(input));
                        break;
                    case GradientUse.Added:
                        Assert.IsFalse(Overlap(own, buffer!.Value));
                        Assert.AreEqual(Gradient(input), holds[buffer.Value]);
                        break;
                    case GradientUse.Passed:
                        Assert.AreEqual(own, buffer);
                        break;
                }
            }

            // A term that is handed on changes its name only when all terms have read it.
            foreach (int k in Enumerable.Range(0, operation.Inputs.Count)
                .Where(k => plan.Use(i, k) == GradientUse.Passed))
            {
                Assert.AreEqual(Gradient(operation.Output), holds[own]);
                holds[own] = Gradient(operation.Inputs[k]);
            }

            operation.Inputs.Where((_, k) => operation.BackwardReadsInput(k)).ToList().ForEach(Read);

            if (operation.BackwardReadsOutput)
            {
                Read(operation.Output);
            }
        }
    }

    [TestMethod]
    public void Constructor_SizeThatDoesNotHalve_IsRefused()
    {
        using CpuBackend backend = new(1);
        Network network = Networks["Cellpose"].Value;
        using NetworkWeights weights = new(network, backend);
        Assert.AreEqual(8, network.SizeMultiple);
        ArgumentException e = Assert.ThrowsExactly<ArgumentException>(
            () => new TrainableGraph(network, weights, backend, 1, 16, 20, GraphMode.Inference));
        StringAssert.Contains(e.Message, "multiples of 8", StringComparison.Ordinal);
    }

    /// <summary>A network with a scalar loss: output and embedding times random numbers, summed.</summary>
    private sealed class Run : IDisposable
    {
        private readonly Backend _backend;

        public Run(Network network, Backend backend, GraphMode mode)
        {
            (Network, _backend) = (network, backend);
            Weights = new NetworkWeights(network, backend);
            Graph = new TrainableGraph(network, Weights, backend, Batch, Height, Width, mode, mode == GraphMode.Training);
            Graph.Input.Upload(OperationCase.Noise(Graph.Input.Length, 3));
            Graph.OutputGradient?.Upload(OperationCase.Noise(Graph.Output.Length, 4));
            Graph.EmbeddingGradient?.Upload(OperationCase.Noise(Graph.Embedding.Length, 5));
        }

        public Network Network { get; }

        public NetworkWeights Weights { get; }

        public TrainableGraph Graph { get; }

        public void Forward(NormStatistics norm) => Graph.Forward(norm);

        /// <summary>Output, embedding, statistics, gradients after one pass forward and backward.</summary>
        public double[][] Step(NormStatistics norm)
        {
            Forward(norm);
            Graph.Backward();
            DeviceVector[] all = [Graph.Output, Graph.Embedding, Weights.Statistics, Graph.ParameterGradients!];
            return [.. all.Select(OperationBench.Read)];
        }

        public double Quotient(NormStatistics norm, double[] direction)
        {
            double[] values = OperationBench.Values(Weights.Parameters);
            double[] kept = [.. values];
            double[] terms =
                [.. OperationBench.Values(Graph.OutputGradient!), .. OperationBench.Values(Graph.EmbeddingGradient!)];
            double At(double step)
            {
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = kept[i] + (step * direction[i]);
                }

                Weights.MarkChanged();
                Forward(norm);
                return OperationBench.Values(Graph.Output).Concat(OperationBench.Values(Graph.Embedding)).Zip(terms, (y, w) => y * w).Sum();
            }

            double quotient = (At(Nudge) - At(-Nudge)) / (2 * Nudge);
            kept.CopyTo(values, 0);
            Weights.MarkChanged();
            return quotient;
        }

        public void Dispose()
        {
            Graph.Dispose();
            Weights.Dispose();
            _backend.Dispose();
        }
    }
}
