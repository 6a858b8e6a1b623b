using System.Globalization;
using SelfAdapt.Engine;
using SelfAdapt.Gpu;
using SelfAdapt.Mpi;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tool.Engines;

/// <summary>A verb that several processes run together, as MPI starts them: the first one talks and writes.</summary>
internal static class RankedRun
{
    // What goes wrong on all processes alike, such as an option, the first one says, and ends all within this time.
    private static readonly TimeSpan Precedence = TimeSpan.FromSeconds(1);

    /// <summary>Runs it, alone or with the others; what goes wrong in one of them ends all.</summary>
    public static int Run(Terminal terminal, Func<Terminal, IRanks, int> work)
    {
        if (MpiRanks.Join() is not { } ranks)
        {
            return work(terminal, SingleRank.Instance);
        }

        try
        {
            int code = work(
                ranks.Index == 0 ? terminal : new Terminal(TextWriter.Null, TextWriter.Null, false, terminal.Cancelled), ranks);
            if (ranks.Index == 0)
            {
                terminal.Error.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"Between the processes: {ranks.Meetings} meetings, ")
                    + string.Create(
                        CultureInfo.InvariantCulture, $"{ranks.Received / 1e6:0.0} MB, {ranks.Elapsed.TotalSeconds:0.0} s"));
            }

            ranks.Dispose();
            return ranks.Index == 0 ? code : (int)ExitCode.Ok;
        }
        catch (Exception e)
        {
            if (ranks.Index > 0)
            {
                Thread.Sleep(Precedence);
                terminal.Error.WriteLine(
                    $"Process {ranks.Index + 1} of {ranks.Count}, on {Environment.MachineName}, failed, which ends all of them:");
            }

            terminal.Progress.Finish();
            int code = Program.Explain(terminal.Error, e);
            terminal.Error.Flush();
            ranks.Abort(code);
            return code;
        }
    }

    /// <summary>The engine of one of several processes: its share of the machine's processors, a GPU of its own.</summary>
    public static EngineRequest Placed(EngineRequest request, IRanks ranks)
    {
        if (ranks.Count == 1)
        {
            return request;
        }

        RankPlace place = RankPlace.Of(ranks);
        DeviceChoice device = request.Device;
        int gpus = device is { Kind: DeviceKind.Cpu } or { Index: > 0 } ? 0 : GpuDevices.Find(device.GpuKind).Devices.Count;
        return request with
        {
            Threads = request.Threads > 0 ? request.Threads : place.Processors,
            Device = gpus > 1 ? device with { Index = place.OnMachine % gpus } : device,
        };
    }
}
