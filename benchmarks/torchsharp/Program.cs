using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SelfAdapt.Benchmarks;
using TorchSharp;
using static TorchSharp.torch;

namespace SelfAdapt.TorchSharpPeer;

/// <summary>libtorch through TorchSharp, with the requests and replies of peers/torch_peer.py.</summary>
internal static class Program
{
    private static readonly Dictionary<string, PeerCase> Cases = [];
    private static readonly Dictionary<string, Tensor> Results = [];

    private static void Main()
    {
        while (Console.ReadLine() is { } line)
        {
            JsonObject reply;
            try
            {
                reply = Answer(JsonNode.Parse(line)!);
            }
            catch (Exception e)
            {
                // Whatever it is, the benchmark is to hear of it.
                reply = new JsonObject { ["error"] = $"{e.GetType().Name}: {e.Message}" };
            }

            Console.WriteLine(reply.ToJsonString());
        }
    }

    private static JsonObject Answer(JsonNode request)
    {
        string name = (string?)request["name"] ?? "";
        switch ((string)request["do"]!)
        {
            case "hello":
                return Memory(__version__);
            case "memory":
                return Memory(null);
            case "make":
                Cases[name] = new PeerCase((string)request["kind"]!, (string)request["format"]!, request["arguments"]!);
                break;
            case "run":
                return Run(name, (int)request["threads"]!, (int)request["repeat"]!);
            case "save":
                Tensor values = Results[name].contiguous().to(ScalarType.Float32);
                File.WriteAllBytes((string)request["path"]!, MemoryMarshal.AsBytes(values.data<float>().ToArray().AsSpan()));
                break;
            case "drop":
                Cases.Remove(name);
                Results.Remove(name);
                break;
            default:
                throw new NotSupportedException($"no request '{request["do"]}'");
        }

        return [];
    }

    private static JsonObject Run(string name, int threads, int repeat)
    {
        set_num_threads(threads);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < repeat; i++)
        {
            Tensor result = Cases[name].Run();
            Results.GetValueOrDefault(name)?.Dispose();
            Results[name] = result;
        }

        return new JsonObject { ["ms"] = Stopwatch.GetElapsedTime(start).TotalMilliseconds / repeat };
    }

    private static JsonObject Memory(string? version) => new()
    {
        ["torch"] = version,
        ["now"] = Machine.ResidentKilobytes,
        ["peak"] = Machine.PeakKilobytes,
        ["cuda_peak"] = 0,
    };
}
