using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.ShallowToDeep.Features;

namespace SelfAdapt.ShallowToDeep.Enhancer;

/// <summary>Trains a Prediction Enhancer: forests' maps in, the truth out.</summary>
internal sealed class EnhancerTrainer : IDisposable
{
    /// <summary>The file's key for the features whose maps it repairs.</summary>
    public const string FeaturesKey = "enhancer_features";

    private const int ValidationForests = 5;
    private const int ValidationBatches = 8;

    private readonly EnhancerOptions _options;
    private readonly NetworkWeights _weights;
    private readonly TrainableGraph _graph;
    private readonly ForegroundTraining _training;

    public EnhancerTrainer(Network network, Backend backend, EnhancerOptions options)
    {
        options.Validate();
        _options = options;
        _weights = new(network, backend);
        _graph = new(network, _weights, backend, options.BatchSize, options.Crop, options.Crop, GraphMode.Training);
        _training = new(_graph, options.WeightDecay);
    }

    public NetworkWeights Weights => _weights;

    /// <summary>A new network with random weights.</summary>
    /// <param name="widths">Channels of each level.</param>
    public static OnnxModel NewModel(IReadOnlyList<int> widths, FeatureSet features, int seed)
    {
        RandomStream random = new RandomStream((ulong)seed).Substream("initial weights");
        return UNetGraph.Build(
            1, widths, random.NextUniform, new Dictionary<string, string> { [FeaturesKey] = features.ToString() });
    }

    /// <returns>The weights that did best on held-out forests.</returns>
    public WeightSnapshot Train(
        IReadOnlyList<SourceImage> images, FeatureSet features, int threads, Action<TrainingStep> report,
        CancellationToken cancel, TrainingCheckpoint? checkpoint = null)
    {
        RandomStream root = new((ulong)_options.Seed);
        EnhancerSampler training = new(
            images, new(images, features, _options, "training", _options.Forests), _options, threads);
        EnhancerSampler heldOut = new(
            images, new(images, features, _options, "validation", ValidationForests), _options, threads);
        RandomStream random = root.Substream("crops");
        (float[] Maps, float[] Truth) batch = (new float[_graph.Input.Length], new float[_graph.Output.Length]);
        (float[] Maps, float[] Truth)[] looks = [.. Enumerable.Range(0, ValidationBatches).Select(i =>
        {
            (float[], float[]) look = (new float[_graph.Input.Length], new float[_graph.Output.Length]);
            heldOut.Fill(root.Substream($"validation {i}"), look.Item1, look.Item2, false);
            return look;
        })];
        (double best, WeightSnapshot kept) = (-1, _weights.Download());
        TrainingLoop loop = new(Exchange, checkpoint, cancel);
        loop.Run(_options.Iterations, step =>
        {
            training.Fill(random, batch.Maps, batch.Truth, true);
            double rate = _options.RateAt(step);
            double loss = _training.Step(
                batch.Maps, logits => ForegroundLosses.Compute(_options.Loss, logits, batch.Truth), rate);
            double? overlap = null;
            if (step % _options.ValidateEvery == 0 || step == _options.Iterations)
            {
                overlap = Overlap(looks);
                if (overlap > best)
                {
                    (best, kept) = (overlap.Value, _weights.Download());
                }
            }

            report(new(step, rate, loss, loop.Seconds) { Iou = overlap });
            return true;
        });
        return kept;

        void Exchange(StateExchange state)
        {
            state.Stream(random);
            _training.Exchange(state);
            state.Number(ref best);
            state.Weights(kept);
        }
    }

    public void Dispose()
    {
        _training.Dispose();
        _graph.Dispose();
        _weights.Dispose();
    }

    /// <summary>Intersection over union of the objects, at probability one half.</summary>
    private double Overlap((float[] Maps, float[] Truth)[] looks)
    {
        (long both, long any) = (0, 0);
        foreach ((float[] maps, float[] truth) in looks)
        {
            _graph.Input.Upload(maps);
            _graph.Forward();
            float[] logits = _graph.Output.Download();
            for (int i = 0; i < logits.Length; i++)
            {
                (bool found, bool there) = (logits[i] > 0, truth[i] > 0.5f);
                both += found && there ? 1 : 0;
                any += found || there ? 1 : 0;
            }
        }

        return any == 0 ? 1 : (double)both / any;
    }
}
