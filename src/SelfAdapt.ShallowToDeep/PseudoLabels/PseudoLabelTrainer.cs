using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.ShallowToDeep.PseudoLabels;

/// <summary>
/// Trains the pseudo-label network (Matskevych et al., equation 1): images in, towards maps as soft labels and, with
/// consistency, towards what the moving average of its weights says of the same crop. Crop and labels are turned after that
/// average has seen the crop as it is, so that it is asked for agreement across turns.
/// </summary>
internal sealed class PseudoLabelTrainer : IDisposable
{
    private const double NoiseShare = 0.25;

    private readonly PseudoLabelOptions _options;
    private readonly NetworkWeights _weights;
    private readonly NetworkWeights _average;
    private readonly TrainableGraph _graph;
    private readonly TrainableGraph _averageGraph;
    private readonly ForegroundTraining _training;

    public PseudoLabelTrainer(Network network, Backend backend, PseudoLabelOptions options)
    {
        options.Validate();
        _options = options;
        _weights = new(network, backend);
        _average = new(network, backend);
        _graph = new(network, _weights, backend, options.BatchSize, options.Crop, options.Crop, GraphMode.Training);
        _averageGraph = new(network, _average, backend, options.BatchSize, options.Crop, options.Crop, GraphMode.Inference);
        _training = new(_graph, options.WeightDecay, _average);
    }

    public NetworkWeights Weights => _weights;

    /// <param name="images">At least one.</param>
    /// <returns>The weights after the last step.</returns>
    /// <exception cref="SelfAdaptException">Numerics: the loss is no number any more.</exception>
    public WeightSnapshot Train(
        IReadOnlyList<SoftlyLabelled> images, Action<TrainingStep> report, CancellationToken cancel,
        TrainingCheckpoint? checkpoint = null)
    {
        RandomStream random = new RandomStream((ulong)_options.Seed).Substream("crops");
        LabelRectification rectification = new(_options.RectificationKeep);
        float[] input = new float[_graph.Input.Length];
        float[] labels = new float[_graph.Output.Length];
        TrainingLoop loop = new(Exchange, checkpoint, cancel);
        loop.Run(_options.Iterations, step =>
        {
            Fill(images, random, input, labels);
            float[]? agreed = _options.Consistency ? OpinionOfAverage(input, random) : null;
            Turn(random, input, labels, agreed);
            double rate = _options.RateAt(step);

            // From random weights the average is worth little at first: it follows faster (as in Mean Teacher).
            double keep = Math.Min(1 - (1.0 / (step + 1)), _options.Ema);
            double loss = _training.Step(input, Loss, rate, keep);
            report(new(step, rate, loss, loop.Seconds));
            return true;

            (double, float[]) Loss(float[] logits)
            {
                (float[] objects, float[]? background) = _options.Rectification ? rectification.Rectify(logits, labels) : (labels, null);
                (double sum, float[] gradient) = ForegroundLosses.Compute(_options.Loss, logits, objects, background);
                if (agreed is not null)
                {
                    (double more, float[] other) = ForegroundLosses.Compute(_options.Loss, logits, agreed);
                    sum += more;
                    for (int i = 0; i < gradient.Length; i++)
                    {
                        gradient[i] += other[i];
                    }
                }

                return (sum, gradient);
            }
        });
        return _weights.Download();

        void Exchange(StateExchange state)
        {
            state.Stream(random);
            _training.Exchange(state);
            rectification.Exchange(state);
        }
    }

    public void Dispose()
    {
        _training.Dispose();
        _graph.Dispose();
        _averageGraph.Dispose();
        _weights.Dispose();
        _average.Dispose();
    }

    /// <summary>Random crops, mirrored where they reach beyond a small image.</summary>
    private void Fill(IReadOnlyList<SoftlyLabelled> images, RandomStream random, float[] input, float[] labels)
    {
        int side = _options.Crop;
        for (int n = 0; n < _options.BatchSize; n++)
        {
            SoftlyLabelled image = images[random.NextIndex(images.Count)];
            (int height, int width) = (image.Image.Height, image.Image.Width);
            int top = random.NextIndex(Math.Max(1, height - side + 1));
            int left = random.NextIndex(Math.Max(1, width - side + 1));
            for (int i = 0; i < side * side; i++)
            {
                int from = (Mirror.Index(top + (i / side), height) * width) + Mirror.Index(left + (i % side), width);
                input[(n * side * side) + i] = image.Image.Values[from];
                labels[(n * side * side) + i] = image.Map[from];
            }
        }
    }

    private float[] OpinionOfAverage(float[] input, RandomStream random)
    {
        double noise = random.NextBool(NoiseShare) ? _options.Noise * random.NextUniform() : 0;
        ulong key = random.NextUInt64();
        _averageGraph.Input.Upload(
            noise > 0 ? [.. input.Select((v, i) => v + (float)(noise * CounterRandom.Normal(key, (ulong)i)))] : input);
        _averageGraph.Forward();
        return Array.ConvertAll(_averageGraph.Output.Download(), l => (float)ForegroundLosses.Probability(l));
    }

    /// <summary>Turns each crop of all planes by one of the eight flips and turns of a square.</summary>
    private void Turn(RandomStream random, params float[]?[] planes)
    {
        int side = _options.Crop;
        for (int n = 0; n < _options.BatchSize; n++)
        {
            int turn = random.NextIndex(8);
            foreach (float[]? plane in planes)
            {
                Span<float> crop = plane.AsSpan(plane is null ? 0 : n * side * side, plane is null ? 0 : side * side);
                float[] before = crop.ToArray();
                for (int i = 0; i < crop.Length; i++)
                {
                    (int y, int x) = SquareTurns.Source(i / side, i % side, side, turn);
                    crop[i] = before[(y * side) + x];
                }
            }
        }
    }
}
