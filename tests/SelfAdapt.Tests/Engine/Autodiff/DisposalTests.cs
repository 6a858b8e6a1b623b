using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Adaptation.Supervised;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Autodiff.Operations;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Operators;
using SelfAdapt.Segmentation;
using SelfAdapt.ShallowToDeep.Enhancer;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.PseudoLabels;

namespace SelfAdapt.Tests.Engine.Autodiff;

/// <summary>What holds memory or threads gives them back once, however often it is asked to.</summary>
[TestClass]
internal sealed class DisposalTests
{
    private const int Size = 16;

    private static readonly Network Network = SelfAdapt.Models.Graph.Network.Read(SmallNetworks.Cellpose(4, 8));

    private static readonly Dictionary<Type, Func<Backend, IDisposable>> Makers = new()
    {
        [typeof(ReferenceBackend)] = _ => new ReferenceBackend(),
        [typeof(ReferenceTensor)] = _ => new ReferenceTensor(new TensorShape(1, 2, 3, 4)),
        [typeof(ReferenceConvolution)] = _ => new ReferenceConvolution(2, 3, 3),
        [typeof(HostVector<>)] = backend => backend.CreateVector(3),
        [typeof(CpuBackend)] = _ => Used(new CpuBackend(2)),
        [typeof(WorkerPool)] = _ => new WorkerPool(2),
        [typeof(CpuMemory)] = _ => new CpuMemory(100, "tests"),
        [typeof(ScratchMemory)] = _ => Used(new ScratchMemory()),
        [typeof(CpuTensor)] = backend => backend.CreateTensor(new TensorShape(1, 2, 3, 4)),
        [typeof(TensorBlock)] = backend => backend.CreateTensors([new TensorPlace(new(1, 2, 4, 4), 0, 10_000)]),
        [typeof(DirectConvolution)] = backend => Loaded(new DirectConvolution((CpuBackend)backend, 2, 3, 3), backend),
        [typeof(WinogradConvolution)] = backend => Loaded(new WinogradConvolution((CpuBackend)backend, 2, 3), backend),
        [typeof(BatchFeed)] = backend => new BatchFeed(backend, 3),
        [typeof(NetworkWeights)] = backend => Used(new NetworkWeights(Network, backend)),
        [typeof(PreparedConvolution)] = backend => new PreparedConvolution(
            new NetworkWeights(Network, backend),
            Network.Nodes.OfType<ConvolutionNode>().First()),
        [typeof(SharedTensors)] = backend => new SharedTensors(backend, [new(new(1, 2, 4, 4), 0, 10_000)]),
        [typeof(TrainableGraph)] = backend => Graph(new NetworkWeights(Network, backend)),
        [typeof(EngineNetwork)] = backend => Used(new EngineNetwork(new NetworkWeights(Network, backend), backend)),
        [typeof(DropoutNetwork)] = backend => new DropoutNetwork(Network, backend),
        [typeof(BuiltinTeacher)] = backend => new BuiltinTeacher(new NetworkWeights(Network, backend), backend, 1, Size),
        [typeof(HostTeacher)] = _ => new HostTeacher(new NoNetwork(), 1, 1, Size),
        [typeof(AdaptationStep)] = backend => new AdaptationStep(Network, backend, Options),
        [typeof(SharedStep)] = backend => new SharedStep(backend, new BatchShare(SingleRank.Instance, 2), new(2, 3, 4, 4), 5),
        [typeof(AdaptationLoop)] = backend => new AdaptationLoop(Network, backend, Options, new SegmentationOptions()),
        [typeof(RunLog)] = _ => new RunLog(new LineFile(new MemoryStream(), "log")),
        [typeof(Trainer)] = backend => new Trainer(Network, backend, new TrainerOptions()),
        [typeof(EnhancerTrainer)] = backend => new EnhancerTrainer(Enhancer, backend, new() { BatchSize = 1, Crop = 32 }),
        [typeof(PseudoLabelTrainer)] = backend => new PseudoLabelTrainer(Enhancer, backend, new() { BatchSize = 1, Crop = 32 }),
        [typeof(ForegroundTraining)] = backend => new ForegroundTraining(
            new TrainableGraph(Enhancer, new NetworkWeights(Enhancer, backend), backend, 1, 32, 32, GraphMode.Training), 0),
    };

    public static IEnumerable<object[]> Names => Makers.Keys.Select(t => new object[] { t.Name });

    private static Network Enhancer => Network.Read(EnhancerTrainer.NewModel([8, 16], FeatureSet.Fast, 1));

    private static AdaptationOptions Options => new() { BatchSize = 1, Crop = Size };

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Dispose_Twice_IsTheSameAsOnce(string name)
    {
        using CpuBackend backend = new(2);
        IDisposable held = Makers.Single(m => m.Key.Name == name).Value(backend);
        held.Dispose();
        held.Dispose();
    }

    [TestMethod]
    public void Makers_KnowEveryTypeThatHoldsSomething()
    {
        Type[] missing = [.. new[] { typeof(Backend).Assembly, typeof(AdaptationLoop).Assembly, typeof(EnhancerTrainer).Assembly }.SelectMany(a => a.GetTypes())
            .Where(t => t is { IsClass: true, IsAbstract: false, IsNested: false }
                && t.IsAssignableTo(typeof(IDisposable)) && !Makers.ContainsKey(t))];
        Assert.IsEmpty(missing, string.Join(' ', missing.Select(t => t.FullName)));
    }

    private static CpuBackend Used(CpuBackend backend)
    {
        using NetworkWeights weights = new(Network, backend);
        using EngineNetwork network = new(weights, backend);
        Run(network);
        return backend;
    }

    private static unsafe ScratchMemory Used(ScratchMemory scratch)
    {
        scratch.Take(100);
        return scratch;
    }

    private static EngineNetwork Used(EngineNetwork network)
    {
        Run(network);
        return network;
    }

    private static NetworkWeights Used(NetworkWeights weights)
    {
        using TrainableGraph graph = Graph(weights);
        return weights;
    }

    private static TrainableGraph Graph(NetworkWeights weights)
    {
        TrainableGraph graph = new(Network, weights, weights.Backend, 1, Size, Size, GraphMode.Inference);
        graph.Forward();
        return graph;
    }

    private static CpuConvolution Loaded(CpuConvolution convolution, Backend backend)
    {
        convolution.LoadWeights(backend.CreateVector(2 * 3 * 9).Whole, null, forBackward: false);
        return convolution;
    }

    private static void Run(EngineNetwork network) => network.Run(
        new float[2 * Size * Size], 1, Size, Size, new float[3 * Size * Size], new float[network.EmbeddingLength]);

    private sealed class NoNetwork : IRefreshableNetwork
    {
        public string Engine => "none";

        public int InputChannels => 2;

        public OutputDescription Outputs => OutputDescription.Cellpose;

        public int EmbeddingLength => 0;

        public void Refresh(ReadOnlySpan<float> weights) => throw new NotSupportedException();

        public void Run(
            ReadOnlySpan<float> input, int batch, int height, int width, Span<float> output, Span<float> embedding) =>
            throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
