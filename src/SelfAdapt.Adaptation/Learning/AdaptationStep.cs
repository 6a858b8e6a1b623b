using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Adaptation.Learning;

/// <summary>
/// One SelfAdapt step (paper section 3; docs/method.md): the teacher labels weak views, unsure
/// pixels are masked, the student learns from a strongly augmented view, L2-SP holds it, the teacher follows.
/// Everything runs on the backend; numbers for the log are fetched after the step.
/// </summary>
internal sealed class AdaptationStep : IDisposable
{
    private readonly AdaptationOptions _options;
    private readonly Backend _backend;
    private readonly Network _network;
    private readonly ITeacherEngine _teacherEngine;
    private readonly TrainableGraph _graph;
    private readonly DeviceVector _anchor;
    private readonly DeviceVector _firstMoment;
    private readonly DeviceVector _secondMoment;
    private readonly BatchFeed _batches;
    private readonly DeviceVector _view;
    private readonly DeviceVector[] _outputs;
    private readonly DeviceVector _mean;
    private readonly DeviceVector _deviation;
    private readonly DeviceVector _thresholds;
    private readonly DeviceVector _lossSums;
    private readonly DeviceVector _optimizerSums;
    private readonly ChannelMeaning[] _channels;
    private readonly bool _graded;
    private readonly BatchShare _share;
    private readonly SharedStep? _shared;
    private readonly Orientation[] _views;
    private readonly (int Offset, int Length)[] _frozen;
    private double _learningRate;

    /// <summary>Sets student, teacher and anchor to the source network.</summary>
    /// <param name="teacherEngine">
    /// Makes the engine that runs the teacher, given its weights; null: the built-in engine.
    /// </param>
    public AdaptationStep(
        Network network, Backend backend, AdaptationOptions options,
        Func<NetworkWeights, ITeacherEngine>? teacherEngine = null)
    {
        (_network, _backend, _options) = (network, backend, options);
        _share = new BatchShare(backend.Ranks, options.BatchSize);
        (int batch, int crop) = (_share.Own, options.Crop);
        _channels = network.Outputs.Meanings;
        _graded = network.Outputs.Parts.Any(p => p.Kind.GradesObjects);
        _views = Orientations.Of(options).ToArray();
        _frozen = [.. FrozenWeights.Of(network.Parameters, options.Layers)];
        Student = new NetworkWeights(network, backend);
        Teacher = new NetworkWeights(network, backend);
        _teacherEngine = teacherEngine?.Invoke(Teacher) ?? new BuiltinTeacher(Teacher, backend, batch, crop);
        _graph = new TrainableGraph(network, Student, backend, batch, crop, crop, GraphMode.Training);
        _anchor = backend.CreateVector(network.ParameterCount);
        backend.Steps.Copy(Student.Parameters, _anchor);
        _firstMoment = backend.CreateVector(network.ParameterCount);
        _secondMoment = backend.CreateVector(network.ParameterCount);
        _batches = new BatchFeed(backend, _graph.Input.Length);
        _view = backend.CreateVector(_graph.Input.Length);
        _outputs = _views.Select(_ => backend.CreateVector(_graph.Output.Length)).ToArray();
        _mean = backend.CreateVector(_graph.Output.Length);
        _deviation = backend.CreateVector(_graph.Output.Length);
        _thresholds = backend.CreateVector(4 * _channels.Length);
        _lossSums = backend.CreateVector(3 + _channels.Length);
        _optimizerSums = backend.CreateVector(2);
        if (!_share.IsWhole)
        {
            backend.Share = _share;
            _shared = new SharedStep(backend, _share, _graph.OutputShape, network.ParameterCount);
        }
    }

    /// <summary>What of each batch is this rank's.</summary>
    public BatchShare Share => _share;

    public NetworkWeights Student { get; }

    /// <summary>The teacher's weights: the moving average of the student's.</summary>
    public NetworkWeights Teacher { get; }

    public string TeacherEngineName => _teacherEngine.Name;

    public int Steps { get; private set; }

    /// <summary>The pseudo-labels of the last step, [N,K,H,W] of the whole batch.</summary>
    internal float[] Mean => OfAll(_mean);

    /// <summary>The standard deviation over the views in the last step, [N,K,H,W] of the whole batch.</summary>
    internal float[] Deviation => OfAll(_deviation);

    private double LambdaL2Sp => _options.UseL2Sp ? _options.LambdaL2Sp : 0;

    private TensorShape InputShape =>
        new(_share.Own, _network.InputChannels, _options.Crop, _options.Crop);

    /// <param name="weak">[N,C,crop,crop], normalised; of ranks that share a batch, this one's samples.</param>
    /// <returns>What happened, without iteration and time.</returns>
    public StepPoint Step(
        ReadOnlySpan<float> weak, ReadOnlySpan<StrongAugmentation> augmentations, double learningRate)
    {
        Send(weak);
        Begin(augmentations, learningRate);
        return End();
    }

    /// <summary>The same with the student's input given: for comparison with a reference run.</summary>
    internal StepPoint Step(ReadOnlySpan<float> weak, ReadOnlySpan<float> strong, double learningRate)
    {
        Send(weak);
        DeviceVector batch = _batches.Take();
        Label(batch);
        _graph.Input.Upload(strong);
        Learn(batch, learningRate);
        return End();
    }

    /// <summary>Sends the batch of the next step, between two of them or while one is under way.</summary>
    /// <param name="weak">[N,C,crop,crop], normalised; it may change as soon as this returns.</param>
    internal void Send(ReadOnlySpan<float> weak) => _batches.Send(weak);

    /// <summary>Gives the device a step on the batch that was sent; does not wait for it.</summary>
    internal void Begin(ReadOnlySpan<StrongAugmentation> augmentations, double learningRate)
    {
        DeviceVector batch = _batches.Take();
        Label(batch);
        _backend.Steps.StrongAugment(batch, InputShape, augmentations, _graph.Input);
        Learn(batch, learningRate);
    }

    /// <summary>Waits for the step.</summary>
    /// <returns>What happened, without iteration and time.</returns>
    internal StepPoint End()
    {
        float[] sums = _shared?.Losses(_lossSums) ?? _lossSums.Download();
        float[] optimizer = _optimizerSums.Download();

        // Per channel two thresholds and two flags: the log holds the thresholds.
        float[] thresholds = [.. _thresholds.Download().Where((_, i) => i % 4 < 2)];
        return new StepPoint(
            Steps, _learningRate, sums[0], sums[1], optimizer[0], sums[2] + (LambdaL2Sp * optimizer[0]),
            Math.Sqrt(optimizer[1]), sums.AsMemory(3), thresholds, 0);
    }

    /// <summary>What the next step builds on, on the host.</summary>
    internal TrainingState Save() => new(
        Student.Download(), Teacher.Download(), _firstMoment.Download(), _secondMoment.Download(),
        _thresholds.Download());

    /// <summary>Goes on from a saved state: the next step gives what it would have given there.</summary>
    /// <param name="state">The state, of the same network.</param>
    internal void Restore(int steps, TrainingState state)
    {
        Steps = steps;
        Student.Upload(state.Student.Parameters, state.Student.Statistics);
        Teacher.Upload(state.Teacher.Parameters, state.Teacher.Statistics);
        _firstMoment.Upload(state.FirstMoment);
        _secondMoment.Upload(state.SecondMoment);
        _thresholds.Upload(state.Thresholds);
        _teacherEngine.Refresh(Teacher);
    }

    /// <summary>
    /// Takes over the first rank's weights: those of another processor may drift from them by last digits.
    /// </summary>
    internal void Align()
    {
        if (_share.IsWhole)
        {
            return;
        }

        foreach (NetworkWeights weights in (NetworkWeights[])[Student, Teacher])
        {
            WeightSnapshot own = weights.Download();
            weights.Upload(_share.OfFirst<float>(own.Parameters), _share.OfFirst<float>(own.Statistics));
        }

        _teacherEngine.Refresh(Teacher);
    }

    public void Dispose()
    {
        _backend.Share = null;
        _shared?.Dispose();
        _teacherEngine.Dispose();
        _graph.Dispose();
        Student.Dispose();
        Teacher.Dispose();
        _batches.Dispose();
        foreach (DeviceVector vector in _outputs.Append(_anchor).Append(_firstMoment).Append(_secondMoment)
            .Append(_view).Append(_mean).Append(_deviation).Append(_thresholds).Append(_lossSums)
            .Append(_optimizerSums))
        {
            vector.Dispose();
        }
    }

    /// <summary>Teacher: views, their outputs turned back, mean, deviation, thresholds.</summary>
    private void Label(DeviceVector weak)
    {
        for (int i = 0; i < _views.Length; i++)
        {
            _backend.Steps.Reorient(weak, InputShape, _views[i], _view);
            _teacherEngine.Run(_view, _outputs[i]);
            _backend.Steps.Softmax(_outputs[i], _graph.OutputShape, _channels);
        }

        TensorShape shape = _graph.OutputShape;
        _backend.Steps.ViewMoments(_outputs, _views, shape, _channels, _options.AverageProbabilities, _mean, _deviation);
        (DeviceVector means, DeviceVector deviations) = (_mean, _deviation);
        if (_shared is not null)
        {
            (means, shape) = (_shared.Judged(_mean, _deviation, _channels), shape with { N = _share.Total });
            deviations = means;
        }

        _backend.Steps.UpdateThresholds(
            means, deviations, shape, _channels, (float)_options.ClassQuantile, (float)_options.RegressionQuantile,
            (float)_options.ThresholdKeep, _options.AverageProbabilities, _thresholds);
    }

    /// <summary>Student: forward, masked loss, backward, optimiser; then the teacher follows.</summary>
    private void Learn(DeviceVector weak, double learningRate)
    {
        Steps++;
        _learningRate = learningRate;
        ForwardStudent(weak);
        MaskedLossOptions loss = new(
            (float)_options.LambdaBal, _options.UseConfidenceFilter,
            _options.UseConfidenceFilter && _views.Length > 1, _options.SoftLabels || _graded,
            _options.AverageProbabilities);
        _backend.Steps.MaskedLoss(
            _graph.Output, _mean, _deviation, _graph.OutputShape, _channels, loss, _thresholds,
            _graph.OutputGradient!, _lossSums);
        _graph.Backward();
        _shared?.Sum(_graph.ParameterGradients!);

        bool follow = Steps % _options.EmaEvery == 0;
        _backend.Steps.OptimizerStep(
            new OptimizerVectors(
                Student.Parameters, _graph.ParameterGradients!, _firstMoment, _secondMoment, _anchor,
                Teacher.Parameters),
            new OptimizerStepOptions(
                Steps, (float)learningRate, (float)_options.WeightDecay, 0.9f, 0.999f, 1e-8f, (float)LambdaL2Sp,
                _options.DecoupledL2Sp, follow ? (float)_options.Ema : 1f),
            _optimizerSums);
        foreach ((int offset, int length) in _frozen)
        {
            _backend.Steps.Copy(_anchor.Slice(offset, length), Student.Parameters.Slice(offset, length));
            _backend.Steps.Copy(_anchor.Slice(offset, length), Teacher.Parameters.Slice(offset, length));
        }

        Student.MarkChanged();
        MoveTeacherStatistics(follow);
        if (follow)
        {
            Teacher.MarkChanged();
            _teacherEngine.Refresh(Teacher);
        }
    }

    private float[] OfAll(DeviceVector own)
    {
        float[] values = own.Download();
        float[] all = new float[values.Length / _share.Own * _share.Total];
        _share.Gather<float>(values, all);
        return all;
    }

    private void ForwardStudent(DeviceVector weak)
    {
        float momentum = (float)_options.NormMomentum;
        bool weakMoves = _options.NormUpdate == NormUpdate.Weak;
        bool strongMoves = _options.NormUpdate == NormUpdate.Strong;
        NormStatistics norm = _options.StudentNorm == StudentNorm.Batch
            ? strongMoves ? NormStatistics.BatchAndUpdate : NormStatistics.Batch
            : NormStatistics.Stored;
        if (weakMoves || (strongMoves && norm == NormStatistics.Stored))
        {
            // A pass for the statistics alone.
            _backend.Steps.Copy(_graph.Input, _view);
            if (weakMoves)
            {
                _backend.Steps.Copy(weak, _graph.Input);
            }

            _graph.Forward(NormStatistics.BatchAndUpdate, momentum);
            _backend.Steps.Copy(_view, _graph.Input);
        }

        _graph.Forward(norm, momentum);
    }

    private void MoveTeacherStatistics(bool follow)
    {
        if (_options.TeacherNorm == TeacherNorm.Student)
        {
            _backend.Steps.Copy(Student.Statistics, Teacher.Statistics);
        }
        else if (_options.TeacherNorm == TeacherNorm.Ema && follow)
        {
            _backend.Steps.MoveTowards(Teacher.Statistics, Student.Statistics, (float)_options.Ema);
        }
    }
}
