using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;
using SelfAdapt.Tool.Models;

namespace SelfAdapt.Tool.Engines;

/// <summary>Where a run computes: the student's backend, and what makes the teacher's engine.</summary>
internal sealed class JobEngines : IDisposable
{
    private readonly Func<AdaptationOptions, (Backend Backend, Func<NetworkWeights, ITeacherEngine>? Teacher)> _open;

    /// <summary>Opens it.</summary>
    /// <param name="options">What decides its sizes.</param>
    /// <param name="open">Makes backend and teacher; null for the built-in teacher.</param>
    public JobEngines(
        AdaptationOptions options,
        Func<AdaptationOptions, (Backend Backend, Func<NetworkWeights, ITeacherEngine>? Teacher)> open)
    {
        _open = open;
        (Backend, Teacher) = open(options);
    }

    /// <summary>Where the student learns.</summary>
    public Backend Backend { get; private set; }

    /// <summary>The processes that share the run.</summary>
    public IRanks Ranks => Backend.Ranks;

    /// <summary>Whether this process is the one that talks and writes.</summary>
    public bool IsFirst => Ranks.Index == 0;

    /// <summary>Makes the teacher's engine; null: the built-in one.</summary>
    public Func<NetworkWeights, ITeacherEngine>? Teacher { get; private set; }

    /// <summary>Opens what the user asked for.</summary>
    /// <param name="log">Told what is taken, and why.</param>
    /// <param name="network">The same, as the engine takes it.</param>
    /// <param name="request">What the user asked for.</param>
    /// <param name="options">What decides its sizes.</param>
    /// <param name="ranks">The processes that share the run; null: this one alone.</param>
    /// <exception cref="SelfAdaptException">
    /// DeviceMissing: an engine or device that was asked for is missing. ModelUnsupported: the teacher's engine can't run
    /// it. OutOfMemory: there is no memory left.
    /// </exception>
    public static JobEngines Open(
        TextWriter log, ModelFile model, Network network, EngineRequest request, AdaptationOptions options,
        IRanks? ranks = null) =>
        new(options, sizes =>
        {
            Backend backend = InferenceEngine.OpenBackend(request, log);
            backend.Ranks = ranks ?? SingleRank.Instance;
            try
            {
                int crops = new BatchShare(backend.Ranks, sizes.BatchSize).Own;
                return (backend, TeacherChoice.For(log, model, network, request, backend, crops, sizes.Crop));
            }
            catch
            {
                backend.Dispose();
                throw;
            }
        });

    /// <summary>Gives back all memory, that of an attempt that broke off included, and opens it again.</summary>
    /// <param name="options">What decides its sizes from now on.</param>
    /// <exception cref="SelfAdaptException">As <see cref="Open"/>.</exception>
    public void Reopen(AdaptationOptions options)
    {
        Backend.Dispose();
        MemoryShortage.Release();
        (Backend, Teacher) = _open(options);
    }

    public void Dispose() => Backend.Dispose();
}
