using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Adaptation.Supervised;

/// <summary>How a network is trained on labels; defaults as Cellpose 3's train_seg (docs/cellpose.md 5.4).</summary>
internal sealed record TrainerOptions
{
    [Setting(1, 10_000_000, "Passes over the images", Group = "training", Basic = true)]
    public int Epochs { get; init; } = 2000;

    [Setting(0, double.PositiveInfinity, "Peak learning rate of AdamW", Group = "training")]
    public double LearningRate { get; init; } = 0.005;

    [Setting(0, double.PositiveInfinity, "AdamW's weight decay", Group = "training")]
    public double WeightDecay { get; init; } = 1e-5;

    /// <summary>Weight of a new batch in the stored statistics (0.05 in Cellpose 3).</summary>
    [Setting(0, 1)]
    public double NormMomentum { get; init; } = 0.05;

    [Setting(1, 10_000_000, "Epochs between looks at the test images", Group = "training")]
    public int TestEvery { get; init; } = 10;
}

/// <summary>One epoch of training, for the log.</summary>
/// <param name="TestLoss">Mean loss over the held-out images, where they were looked at.</param>
internal sealed record TrainingEpoch(
    int Epoch, double LearningRate, double Loss, double? TestLoss, double Seconds);

/// <summary>
/// Cellpose's supervised training on the engine (docs/cellpose.md 5): targets, loss, AdamW, schedule.
/// </summary>
internal sealed class Trainer : IDisposable
{
    private readonly Network _network;
    private readonly Backend _backend;
    private readonly TrainerOptions _options;
    private readonly ChannelMeaning[] _channels;
    private readonly Dictionary<int, Compiled> _graphs = [];
    private readonly DeviceVector _firstMoment;
    private readonly DeviceVector _secondMoment;
    private readonly DeviceVector _lossSums;
    private readonly DeviceVector _optimizerSums;
    private int _steps;

    /// <summary>Starts from the network's imported weights.</summary>
    public Trainer(Network network, Backend backend, TrainerOptions options)
    {
        Settings.Check(options);
        (_network, _backend, _options) = (network, backend, options);
        _channels = network.Outputs.Meanings;
        if (!_channels.Contains(ChannelMeaning.Logit))
        {
            throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, network.OutputName,
                "networks without a logit are adapted here, but not trained on masks.");
        }

        Weights = new NetworkWeights(network, backend);
        _firstMoment = backend.CreateVector(network.ParameterCount);
        _secondMoment = backend.CreateVector(network.ParameterCount);
        _lossSums = backend.CreateVector(3);
        _optimizerSums = backend.CreateVector(2);
    }

    public NetworkWeights Weights { get; }

    /// <param name="test">Held-out labelled images for the log, or null.</param>
    public void Train(
        TrainingSet train, TrainingSet? test, Action<TrainingEpoch> report, CancellationToken cancel,
        TrainingCheckpoint? checkpoint = null)
    {
        double[] rates = EpochSchedule.Create(_options.LearningRate, _options.Epochs);
        TrainingSampler sampler = new(train);
        TrainingBatch batch = sampler.CreateBatch();
        TrainingLoop loop = new(Exchange, checkpoint, cancel);
        loop.Run(_options.Epochs, number =>
        {
            int epoch = number - 1;
            sampler.BeginEpoch(epoch);
            (double sum, int count) = (0, 0);
            bool more = sampler.NextBatch(batch);
            while (more && !cancel.IsCancellationRequested)
            {
                int samples = batch.Count;
                Begin(batch, rates[epoch]);

                // While the device works.
                more = sampler.NextBatch(batch);
                sum += samples * ReadLoss();
                count += samples;
            }

            if (cancel.IsCancellationRequested)
            {
                return false;
            }

            bool look = test is not null && (epoch % _options.TestEvery == 0 || epoch == _options.Epochs - 1);
            double? testLoss = look ? TestLoss(test!) : null;
            double loss = sum / count;
            if (!double.IsFinite(loss))
            {
                throw new SelfAdaptException(
                    ErrorKind.Numerics,
                    $"Training ran away in epoch {epoch}: the loss is {loss}. Lower the learning rate.");
            }

            report(new TrainingEpoch(epoch, rates[epoch], loss, testLoss, loop.Seconds));
            return true;
        });
    }

    /// <returns>The batch's loss before the step.</returns>
    public double Step(TrainingBatch batch, double learningRate)
    {
        Begin(batch, learningRate);
        return ReadLoss();
    }

    public void Dispose()
    {
        foreach (Compiled compiled in _graphs.Values)
        {
            compiled.Dispose();
        }

        Weights.Dispose();
        foreach (DeviceVector vector in new[] { _firstMoment, _secondMoment, _lossSums, _optimizerSums })
        {
            vector.Dispose();
        }
    }

    /// <summary>Gives the device a step; the batch may change as soon as this returns.</summary>
    private void Begin(TrainingBatch batch, double learningRate)
    {
        Compiled compiled = Compile(batch);
        TrainableGraph graph = compiled.Graph;
        Forward(compiled, batch, NormStatistics.BatchAndUpdate);
        graph.Backward();
        _backend.Steps.OptimizerStep(
            new OptimizerVectors(
                Weights.Parameters, graph.ParameterGradients!, _firstMoment, _secondMoment, null, null),
            new OptimizerStepOptions(
                ++_steps, (float)learningRate, (float)_options.WeightDecay, 0.9f, 0.999f, 1e-8f, 0, false, 1),
            _optimizerSums);
        Weights.MarkChanged();
    }

    private void Exchange(StateExchange state)
    {
        state.Number(ref _steps);
        state.Weights(Weights);
        state.Vector(_firstMoment);
        state.Vector(_secondMoment);
    }

    private double TestLoss(TrainingSet test)
    {
        TrainingSampler sampler = new(test);
        TrainingBatch batch = sampler.CreateBatch();
        sampler.BeginEvaluation();
        (double sum, int count) = (0, 0);
        while (sampler.NextBatch(batch))
        {
            Forward(Compile(batch), batch, NormStatistics.Stored);
            sum += batch.Count * ReadLoss();
            count += batch.Count;
        }

        return sum / count;
    }

    private void Forward(Compiled compiled, TrainingBatch batch, NormStatistics norm)
    {
        (TrainableGraph graph, DeviceVector cell, DeviceVector flow) = compiled;
        graph.Input.Upload(batch.Input.AsSpan(0, graph.Input.Length));
        cell.Upload(batch.Cell.AsSpan(0, cell.Length));
        flow.Upload(batch.Flow.AsSpan(0, flow.Length));
        graph.Forward(norm, (float)_options.NormMomentum);
        _backend.Steps.SupervisedLoss(
            graph.Output, graph.OutputShape, _channels, cell, flow, batch.Targets.Scale(_network.Outputs),
            graph.OutputGradient!, _lossSums);
    }

    /// <summary>The loss of the last forward pass; waits for the device.</summary>
    private double ReadLoss() => _lossSums.Download()[2];

    /// <summary>The graph for a batch: an epoch's last batch may be smaller than the others.</summary>
    private Compiled Compile(TrainingBatch batch)
    {
        if (!_graphs.TryGetValue(batch.Count, out Compiled? compiled))
        {
            if (_graphs.Count > 2)
            {
                int oldest = _graphs.Keys.First(k => k != batch.Capacity);
                _graphs[oldest].Dispose();
                _graphs.Remove(oldest);
            }

            int plane = batch.CropSize * batch.CropSize;
            compiled = new Compiled(
                new TrainableGraph(
                    _network, Weights, _backend, batch.Count, batch.CropSize, batch.CropSize, GraphMode.Training),
                _backend.CreateVector(batch.Count * plane),
                _backend.CreateVector(batch.Count * batch.Targets.Channels * plane));
            _graphs.Add(batch.Count, compiled);
        }

        return compiled;
    }

    /// <summary>A graph for one batch size, with room for that batch's targets.</summary>
    private sealed record Compiled(TrainableGraph Graph, DeviceVector Cell, DeviceVector Flow) : IDisposable
    {
        public void Dispose()
        {
            Graph.Dispose();
            Cell.Dispose();
            Flow.Dispose();
        }
    }
}
