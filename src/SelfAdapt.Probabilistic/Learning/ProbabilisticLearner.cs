using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;
using SelfAdapt.Probabilistic.Networks;

namespace SelfAdapt.Probabilistic.Learning;

/// <summary>
/// A Probabilistic U-Net: its opinion is that of samples of the prior, and it learns with samples of the posterior, which sees the
/// labels. Its loss is reconstruction plus beta times the divergence plus a small factor times weights' norms.
/// </summary>
internal sealed class ProbabilisticLearner : IForegroundLearner
{
    private readonly SelfTrainingOptions _options;
    private readonly ProbabilisticNetwork _network;
    private readonly Backend _backend;
    private readonly TrainableGraph _graph;
    private readonly LatentSampler _studentSampler;
    private readonly LatentSampler _teacherSampler;
    private readonly ForegroundTraining _training;
    private readonly float[] _input;
    private readonly float[] _parameters;
    private readonly float[] _gradient;

    /// <param name="parts">Batches in a step.</param>
    public ProbabilisticLearner(ProbabilisticNetwork network, Backend backend, SelfTrainingOptions options, int parts)
    {
        (_options, _network, _backend) = (options, network, backend);
        (int batch, int side) = (options.BatchSize, options.Crop);
        (Student, Teacher) = (new(network.Training, backend), new(network.Training, backend));
        _graph = new(network.Training, Student, backend, batch * parts, side, side, GraphMode.Training, embeddingIsTrained: true);
        _studentSampler = new(network, Student, backend, batch, side, side);
        _teacherSampler = new(network, Teacher, backend, batch, side, side);
        _training = new(_graph, options.WeightDecay, Teacher);
        _input = new float[_graph.Input.Length];
        _parameters = new float[network.Training.ParameterCount];
        _gradient = new float[network.Training.ParameterCount];
    }

    public NetworkWeights Student { get; }

    public NetworkWeights Teacher { get; }

    /// <summary>The gradient of the last step.</summary>
    internal IReadOnlyList<float> Gradients => _gradient;

    public Opinion Look(float[] images, bool asTeacher, RandomStream random)
    {
        LatentSampler sampler = asTeacher ? _teacherSampler : _studentSampler;
        sampler.Look(images);
        return Opinion.Of(
            Enumerable.Range(0, _options.Samples).Select(
                _ => sampler.Sample(SampleNoise.Draw(random, sampler.Batch * _network.Shape.Latent))),
            _options.Confidence);
    }

    public double Learn(IReadOnlyList<LearningPart> parts, double rate, double averageKeep, RandomStream random) =>
        Learn(parts, rate, averageKeep, SampleNoise.Draw(random, _graph.Batch * _network.Shape.Latent));

    /// <inheritdoc cref="Learn(IReadOnlyList{LearningPart}, double, double, RandomStream)"/>
    /// <param name="noise">What the posterior's samples are drawn by, [parts x batch, L].</param>
    internal double Learn(IReadOnlyList<LearningPart> parts, double rate, double averageKeep, float[] noise) =>
        _training.Step(() => Gradient(parts, noise), rate, averageKeep);

    /// <summary>The loss, and its gradient in the graph.</summary>
    /// <param name="noise">What the posterior's samples are drawn by, [parts x batch, L].</param>
    internal double Gradient(IReadOnlyList<LearningPart> parts, float[] noise)
    {
        Fill(parts, noise);
        _graph.Input.Upload(_input);
        _graph.Forward();
        (double loss, float[] byLogits) = PartLosses.Compute(_options.Loss, _graph.Output.Download(), parts);
        (double divergence, float[] byLatents) = LatentDivergence.Compute(_graph.Embedding.Download(), _network.Shape.Latent);
        _graph.OutputGradient!.Upload(byLogits);
        _graph.EmbeddingGradient!.Upload(Array.ConvertAll(byLatents, g => (float)(_options.Beta * g)));
        _graph.Backward();
        Student.Parameters.Download(_parameters);
        _graph.ParameterGradients!.Download(_gradient);
        double norms = WeightNorms.AddGradient(_network.NormGroups, _parameters, _gradient, _options.NormWeight);
        _graph.ParameterGradients.Upload(_gradient);
        return loss + (_options.Beta * divergence) + norms;
    }

    public void Exchange(StateExchange state) => _training.Exchange(state);

    public ISegmentationNetwork Predictor(bool asTeacher) =>
        new SampledNetwork(_network, asTeacher ? Teacher : Student, _backend, _options.Samples, _options.Confidence);

    public void Dispose()
    {
        _training.Dispose();
        _graph.Dispose();
        _studentSampler.Dispose();
        _teacherSampler.Dispose();
        Student.Dispose();
        Teacher.Dispose();
    }

    /// <summary>Image, label and, all over a channel each, the noise.</summary>
    private void Fill(IReadOnlyList<LearningPart> parts, float[] noise)
    {
        int plane = _graph.Height * _graph.Width;
        int latent = _network.Shape.Latent;
        int batch = _graph.Batch / parts.Count;
        for (int n = 0; n < _graph.Batch; n++)
        {
            (LearningPart part, int own) = (parts[n / batch], n % batch * plane);
            Span<float> image = _input.AsSpan(n * (2 + latent) * plane, (2 + latent) * plane);
            part.Images.AsSpan(own, plane).CopyTo(image);
            part.Labels.AsSpan(own, plane).CopyTo(image[plane..]);
            for (int k = 0; k < latent; k++)
            {
                image.Slice((2 + k) * plane, plane).Fill(noise[(n * latent) + k]);
            }
        }
    }
}
