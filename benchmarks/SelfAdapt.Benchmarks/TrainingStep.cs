using System.Text.Json.Nodes;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Benchmarks;

/// <summary>Our training step: forward, Cellpose's supervised loss, backward, AdamW.</summary>
internal sealed class TrainingStep : IDisposable
{
    private const float LearningRate = 1e-5f;
    private const float WeightDecay = 1e-3f;
    private const float FlowScale = 5;

    private readonly Backend _backend;
    private readonly NetworkWeights _weights;
    private readonly DeviceVector _cell;
    private readonly DeviceVector _flow;
    private readonly DeviceVector _first;
    private readonly DeviceVector _second;
    private readonly DeviceVector _lossSums;
    private readonly DeviceVector _optimizerSums;
    private readonly ChannelMeaning[] _channels;
    private int _steps;

    /// <summary>The same on the cpu, as the tables' settings have it.</summary>
    public TrainingStep(Bench bench, int threads, int batch)
        : this(bench.CheckpointFile, new CpuBackend(threads), batch, bench.Settings.Size)
    {
    }

    /// <summary>Compiles the network and fills in the inputs that the peer has too.</summary>
    /// <param name="checkpoint">The weights' file.</param>
    /// <param name="backend">Where it runs; it is disposed with this.</param>
    /// <param name="batch">Images per step.</param>
    /// <param name="size">Crop, px.</param>
    public TrainingStep(string checkpoint, Backend backend, int batch, int size)
    {
        Network network = Network.Read(CellposeGraphBuilder.Build(TorchCheckpoint.Load(checkpoint)));
        _channels = network.Outputs.Meanings;
        _backend = backend;
        _weights = new NetworkWeights(network, _backend);
        Graph = new TrainableGraph(network, _weights, _backend, batch, size, size, GraphMode.Training);
        Graph.Input.Upload(Inputs.Noise(Graph.Input.Length, 1));
        int pixels = batch * size * size;
        _cell = _backend.CreateVector(pixels);
        _cell.Upload([.. Inputs.Noise(pixels, 2).Select(v => v > 0 ? 1f : 0f)]);
        _flow = _backend.CreateVector(2 * pixels);
        _flow.Upload(Inputs.Noise(2 * pixels, 3));
        _first = _backend.CreateVector(network.ParameterCount);
        _second = _backend.CreateVector(network.ParameterCount);
        _lossSums = _backend.CreateVector(3);
        _optimizerSums = _backend.CreateVector(2);
        Arguments = new JsonObject
        {
            ["state"] = checkpoint,
            ["batch"] = batch,
            ["size"] = size,
            ["learning_rate"] = LearningRate,
            ["weight_decay"] = WeightDecay,
        };
    }

    /// <summary>The compiled network.</summary>
    public TrainableGraph Graph { get; }

    /// <summary>What the peer needs to make the same step.</summary>
    public JsonObject Arguments { get; }

    /// <summary>The loss of the last step.</summary>
    public float Loss
    {
        get
        {
            float[] sums = new float[3];
            _lossSums.Download(sums);
            return sums[2];
        }
    }

    /// <summary>One step.</summary>
    public void Run()
    {
        Graph.Forward(NormStatistics.BatchAndUpdate);
        _backend.Steps.SupervisedLoss(
            Graph.Output, Graph.OutputShape, _channels, _cell, _flow, FlowScale, Graph.OutputGradient!, _lossSums);
        Graph.Backward();
        _backend.Steps.OptimizerStep(
            new OptimizerVectors(_weights.Parameters, Graph.ParameterGradients!, _first, _second, null, null),
            new OptimizerStepOptions(
                ++_steps, LearningRate, WeightDecay, 0.9f, 0.999f, 1e-8f, 0, false, 1),
            _optimizerSums);
        _weights.MarkChanged();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Graph.Dispose();
        foreach (IDisposable held in (IDisposable[])
            [_weights, _cell, _flow, _first, _second, _lossSums, _optimizerSums, _backend])
        {
            held.Dispose();
        }
    }
}
