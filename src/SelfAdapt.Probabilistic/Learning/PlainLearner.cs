using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;
using SelfAdapt.Probabilistic.Networks;

namespace SelfAdapt.Probabilistic.Learning;

/// <summary>Any network of one logit: it is its own only sample.</summary>
internal sealed class PlainLearner : IForegroundLearner
{
    private readonly SelfTrainingOptions _options;
    private readonly Backend _backend;
    private readonly TrainableGraph _graph;
    private readonly TrainableGraph _studentLook;
    private readonly TrainableGraph _teacherLook;
    private readonly ForegroundTraining _training;

    /// <param name="parts">Batches in a step.</param>
    public PlainLearner(Network network, Backend backend, SelfTrainingOptions options, int parts)
    {
        (_options, _backend) = (options, backend);
        (int batch, int side) = (options.BatchSize, options.Crop);
        (Student, Teacher) = (new(network, backend), new(network, backend));
        _graph = new(network, Student, backend, batch * parts, side, side, GraphMode.Training);
        _studentLook = new(network, Student, backend, batch, side, side, GraphMode.Inference);
        _teacherLook = new(network, Teacher, backend, batch, side, side, GraphMode.Inference);
        _training = new(_graph, options.WeightDecay, Teacher);
    }

    public NetworkWeights Student { get; }

    public NetworkWeights Teacher { get; }

    public Opinion Look(float[] images, bool asTeacher, RandomStream random)
    {
        TrainableGraph graph = asTeacher ? _teacherLook : _studentLook;
        graph.Input.Upload(images);
        graph.Forward();
        return Opinion.Of([graph.Output.Download()], _options.Confidence);
    }

    public double Learn(IReadOnlyList<LearningPart> parts, double rate, double averageKeep, RandomStream random) =>
        _training.Step(
            [.. parts.SelectMany(p => p.Images)], logits => PartLosses.Compute(_options.Loss, logits, parts), rate, averageKeep);

    public void Exchange(StateExchange state) => _training.Exchange(state);

    public ISegmentationNetwork Predictor(bool asTeacher) => new EngineNetwork(asTeacher ? Teacher : Student, _backend);

    public void Dispose()
    {
        _training.Dispose();
        _graph.Dispose();
        _studentLook.Dispose();
        _teacherLook.Dispose();
        Student.Dispose();
        Teacher.Dispose();
    }
}
