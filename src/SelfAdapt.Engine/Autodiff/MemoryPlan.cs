using SelfAdapt.Engine.Autodiff.Operations;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Autodiff;

/// <summary>What an operation does with an input's gradient.</summary>
internal enum GradientUse
{
    /// <summary>Nothing: the input is the image.</summary>
    None,

    /// <summary>It writes it: this is the first part.</summary>
    Written,

    /// <summary>It adds to it: other consumers have been here.</summary>
    Added,

    /// <summary>The output's gradient becomes the input's, buffer and all: nothing to compute.</summary>
    Passed,
}

/// <summary>
/// Decides where each activation and gradient lives in one block of memory. Time runs through the forward operations
/// and, in training, back through them; two values share bytes, whatever their shapes, when their lives do not
/// overlap: the longest life is placed first, each at the lowest place that is free all the while. What backward
/// needs lives long and ends in the reverse order of its making, so it piles up at the block's beginning; but what a
/// cheap operation makes is not kept for it: that lives twice, and the operation runs again where backward first
/// reads its output. Everything is decided at compile time.
/// </summary>
internal sealed class MemoryPlan
{
    /// <summary>The operation that makes the image: the import.</summary>
    public const int Import = -1;

    private readonly Network _network;
    private readonly IReadOnlyList<Operation> _operations;
    private readonly int _forward;
    private readonly GradientUse[][] _uses;
    private readonly int[] _activations;
    private readonly int[] _repeats;
    private readonly List<int>[] _repeatedBefore;
    private readonly int?[] _gradients;
    private readonly int?[] _workspaces;
    private readonly int[][] _scratch;
    private readonly int[][] _backwardScratch;
    private readonly List<Life> _lives = [];

    public MemoryPlan(
        Network network, IReadOnlyList<Operation> operations, int batch, int height, int width, GraphMode mode,
        Func<TensorShape, long> tensorBytes, bool embeddingIsTrained = false)
    {
        (_network, _operations) = (network, operations);
        _forward = operations.Count;
        _uses = operations.Select(o => new GradientUse[o.Inputs.Count]).ToArray();
        _workspaces = new int?[_forward];

        int?[] gradientLives = mode == GraphMode.Training
            ? PlanGradients(batch, height, width, embeddingIsTrained)
            : new int?[network.Values.Count];
        int[] activationLives = PlanActivations(batch, height, width);
        _repeatedBefore = [.. operations.Select(_ => new List<int>())];
        int[] repeatLives = mode == GraphMode.Training
            ? PlanBackwardReads(activationLives, gradientLives)
            : activationLives;

        int[][] forwardScratch = [.. operations.Select((o, i) => PlanScratch(o, i, batch, height, width))];
        int[][] backwardScratch =
        [
            .. operations.Select((o, i) => mode == GraphMode.Training && gradientLives[o.Output] is not null
                ? PlanScratch(o, BackwardTime(i), batch, height, width)
                : []),
        ];
        int[] buffers = Place(tensorBytes, out List<TensorPlace> places);
        Places = places;
        _activations = activationLives.Select(life => buffers[life]).ToArray();
        _repeats = repeatLives.Select(life => buffers[life]).ToArray();
        _gradients = gradientLives.Select(life => life is { } l ? buffers[l] : (int?)null).ToArray();
        _workspaces = _workspaces.Select(life => life is { } l ? buffers[l] : (int?)null).ToArray();
        _scratch = [.. forwardScratch.Select(lives => lives.Select(l => buffers[l]).ToArray())];
        _backwardScratch = [.. backwardScratch.Select(lives => lives.Select(l => buffers[l]).ToArray())];
    }

    /// <summary>The buffers: places in the block, which may overlap.</summary>
    public IReadOnlyList<TensorPlace> Places { get; }

    /// <summary>The buffer of an activation: in the forward pass, or where the backward pass reads it.</summary>
    public int ActivationBuffer(int value, bool backward) => (backward ? _repeats : _activations)[value];

    /// <summary>
    /// The operations to run forward again before an operation's backward, <see cref="Import"/> among them.
    /// </summary>
    public IReadOnlyList<int> RepeatedBefore(int operation) => _repeatedBefore[operation];

    /// <summary>The buffer of an activation's gradient; null where none flows.</summary>
    public int? GradientBuffer(int value) => _gradients[value];

    /// <summary>
    /// The buffer that an operation's backward works in, the first input's gradient where that is written; null
    /// where it needs none.
    /// </summary>
    public int? WorkspaceBuffer(int operation) => _workspaces[operation];

    /// <summary>The buffers that an operation works in, forward or backward.</summary>
    public IReadOnlyList<int> ScratchBuffers(int operation, bool backward) =>
        (backward ? _backwardScratch : _scratch)[operation];

    public GradientUse Use(int operation, int input) => _uses[operation][input];

    private int[] PlanActivations(int batch, int height, int width)
    {
        int[] lives = new int[_network.Values.Count];
        for (int value = 0; value < lives.Length; value++)
        {
            lives[value] = _lives.Count;
            _lives.Add(new Life(_network.Values[value].ShapeFor(batch, height, width), int.MaxValue, -1));
        }

        _lives[lives[0]].Touch(-1);
        for (int i = 0; i < _forward; i++)
        {
            Operation operation = _operations[i];
            _lives[lives[operation.Output]].Touch(i);
            foreach (int input in operation.Inputs)
            {
                _lives[lives[input]].Touch(i);
            }
        }

        // Read by the host's side after the last forward operation.
        _lives[lives[_network.OutputValue]].Touch(_forward);
        _lives[lives[_network.EmbeddingValue]].Touch(_forward);
        return lives;
    }

    /// <summary>Keeps what backward reads, or lets it live again.</summary>
    private int[] PlanBackwardReads(int[] lives, int?[] gradients)
    {
        (int First, int Last)[] reads = [.. lives.Select(_ => (int.MaxValue, -1))];
        void Read(int value, int time) =>
            reads[value] = (int.Min(reads[value].First, time), int.Max(reads[value].Last, time));
        for (int i = 0; i < _forward; i++)
        {
            Operation operation = _operations[i];
            foreach (int k in Enumerable.Range(0, operation.Inputs.Count)
                .Where(k => gradients[operation.Output] is not null && operation.BackwardReadsInput(k)))
            {
                Read(operation.Inputs[k], BackwardTime(i));
            }

            if (gradients[operation.Output] is not null && operation.BackwardReadsOutput)
            {
                Read(operation.Output, BackwardTime(i));
            }
        }

        int[] again = [.. lives];
        Dictionary<int, int> makers = Enumerable.Range(0, _forward).ToDictionary(i => _operations[i].Output);
        makers[0] = Import;

        // In the order in which they are made, so that what an operation reads is decided before it.
        foreach (int value in makers.Keys.Where(v => reads[v].Last >= 0).OrderBy(v => makers[v]))
        {
            Operation? maker = makers[value] == Import ? null : _operations[makers[value]];
            if (maker is not null && (!maker.CheapToRepeat || maker.Inputs.Any(v => again[v] != lives[v])))
            {
                _lives[lives[value]].Touch(reads[value].First);
                _lives[lives[value]].Touch(reads[value].Last);
                continue;
            }

            again[value] = _lives.Count;
            _lives.Add(new Life(_lives[lives[value]].Shape, reads[value].First, reads[value].Last));
            _repeatedBefore[BackwardTime(reads[value].First)].Add(makers[value]);
            foreach (int input in maker?.Inputs ?? [])
            {
                _lives[lives[input]].Touch(reads[value].First);
            }
        }

        return again;
    }

    /// <summary>What an operation works in lives while it runs.</summary>
    private int[] PlanScratch(Operation operation, int time, int batch, int height, int width)
    {
        TensorShape Shape(int value) => _network.Values[value].ShapeFor(batch, height, width);
        TensorShape[] shapes = [.. operation.Scratch(Shape(operation.Inputs[0]), Shape(operation.Output))];
        _lives.AddRange(shapes.Select(s => new Life(s, time, time)));
        return [.. Enumerable.Range(_lives.Count - shapes.Length, shapes.Length)];
    }

    /// <summary>When an operation's backward runs, and which operation's backward runs then.</summary>
    private int BackwardTime(int operation) => (2 * _forward) - 1 - operation;

    private int?[] PlanGradients(int batch, int height, int width, bool embeddingIsTrained)
    {
        int?[] lives = new int?[_network.Values.Count];
        int NewLife(int value, int time)
        {
            _lives.Add(new Life(_network.Values[value].ShapeFor(batch, height, width), time, time));
            return _lives.Count - 1;
        }

        lives[_network.OutputValue] = NewLife(_network.OutputValue, _forward);
        if (embeddingIsTrained)
        {
            lives[_network.EmbeddingValue] = NewLife(_network.EmbeddingValue, _forward);
        }

        for (int i = _forward - 1; i >= 0; i--)
        {
            Operation operation = _operations[i];
            if (lives[operation.Output] is not { } own)
            {
                continue;
            }

            int time = BackwardTime(i);
            _lives[own].Touch(time);
            bool handedOn = false;
            for (int k = 0; k < operation.Inputs.Count; k++)
            {
                int input = operation.Inputs[k];
                if (input == 0)
                {
                    _uses[i][k] = GradientUse.None;
                }
                else if (lives[input] is { } begun)
                {
                    _lives[begun].Touch(time);
                    _uses[i][k] = GradientUse.Added;
                }
                else if (operation.PassesGradient(k) && !handedOn && !HasLaterTerm(operation, k))
                {
                    lives[input] = own;
                    handedOn = true;
                    _uses[i][k] = GradientUse.Passed;
                }
                else
                {
                    lives[input] = NewLife(input, time);
                    _uses[i][k] = GradientUse.Written;
                }
            }

            if (operation.BackwardNeedsWorkspace)
            {
                _workspaces[i] = _uses[i][0] == GradientUse.Written
                    ? lives[operation.Inputs[0]]
                    : NewLife(operation.Inputs[0], time);
            }
        }

        return lives;
    }

    /// <summary>x + x: the buffer can't be handed on and added to at once.</summary>
    private static bool HasLaterTerm(Operation operation, int input) =>
        operation.Inputs.Skip(input + 1).Contains(operation.Inputs[input]);

    private int[] Place(Func<TensorShape, long> tensorBytes, out List<TensorPlace> places)
    {
        places = [];
        int[] buffers = new int[_lives.Count];
        List<(Life Life, TensorPlace Place)> placed = [];

        // A value that was joined away has no life: nothing makes it, nothing reads it.
        foreach (int index in Enumerable.Range(0, _lives.Count).Where(l => _lives[l].Last >= 0 || _lives[l].First < 0)
            .OrderByDescending(l => _lives[l].Last - _lives[l].First)
            .ThenByDescending(l => tensorBytes(_lives[l].Shape)))
        {
            Life life = _lives[index];
            long bytes = tensorBytes(life.Shape);
            long offset = 0;
            foreach (TensorPlace other in placed.Where(p => p.Life.Overlaps(life)).Select(p => p.Place)
                .OrderBy(p => p.Offset).TakeWhile(p => p.Offset < offset + bytes))
            {
                offset = long.Max(offset, other.End);
            }

            TensorPlace place = new(life.Shape, offset, bytes);
            placed.Add((life, place));
            buffers[index] = places.IndexOf(place);
            if (buffers[index] < 0)
            {
                buffers[index] = places.Count;
                places.Add(place);
            }
        }

        return buffers;
    }

    private sealed class Life(TensorShape shape, int first, int last)
    {
        public TensorShape Shape => shape;

        public int First { get; private set; } = first;

        public int Last { get; private set; } = last;

        public bool Overlaps(Life other) => First <= other.Last && other.First <= Last;

        public void Touch(int time)
        {
            First = int.Min(First, time);
            Last = int.Max(Last, time);
        }
    }
}
